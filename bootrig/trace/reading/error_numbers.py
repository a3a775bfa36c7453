"""The error numbers of iPXE and gPXE in words, without their web site.

Bits 24 to 30 of a number say which POSIX error it is, counted in the order of their names; the bits below say where in
the source it was made and which error of the platform comes closest, and change with the source. Source: iPXE and gPXE
0.9.9, the layout described in include/errno.h, and that list of errors.
"""

from collections.abc import Mapping

_POSIX_SHIFT, _POSIX_MASK = 24, 0x7F
# What a script leaves with (`exit 1`) is printed as such a number: it has no source, and no POSIX error.
_EXIT_STATUS_LIMIT = 1 << 13

_NAMES_AND_WORDS = """\
E2BIG argument list too long
EACCES permission denied
EADDRINUSE address already in use
EADDRNOTAVAIL address not available
EAFNOSUPPORT address family not supported
EAGAIN resource temporarily unavailable
EALREADY connection already in progress
EBADF bad file descriptor
EBADMSG bad message
EBUSY device or resource busy
ECANCELED operation canceled
ECHILD no child processes
ECONNABORTED connection aborted
ECONNREFUSED connection refused
ECONNRESET connection reset
EDEADLK resource deadlock avoided
EDESTADDRREQ destination address required
EDOM argument out of domain of function
EDQUOT disk quota exceeded
EEXIST file exists
EFAULT bad address
EFBIG file too large
EHOSTUNREACH host is unreachable
EIDRM identifier removed
EILSEQ illegal byte sequence
EINPROGRESS operation in progress
EINTR interrupted function call
EINVAL invalid argument
EIO input/output error
EISCONN socket is connected
EISDIR is a directory
ELOOP too many levels of symbolic links
EMFILE too many open files
EMLINK too many links
EMSGSIZE message too long
EMULTIHOP multihop attempted
ENAMETOOLONG file name too long
ENETDOWN network is down
ENETRESET connection aborted by network
ENETUNREACH network unreachable
ENFILE too many open files in system
ENOBUFS no buffer space available
ENODATA no data available
ENODEV no such device
ENOENT no such file or directory
ENOEXEC exec format error
ENOLCK no locks available
ENOLINK link has been severed
ENOMEM not enough space
ENOMSG no message of the desired type
ENOPROTOOPT protocol not available
ENOSPC no space left on device
ENOSR no stream resources
ENOSTR not a stream
ENOSYS function not implemented
ENOTCONN socket is not connected
ENOTDIR not a directory
ENOTEMPTY directory not empty
ENOTSOCK not a socket
ENOTSUP operation not supported
ENOTTY inappropriate control operation
ENXIO no such device or address
EOPNOTSUPP operation not supported on socket
EOVERFLOW value too large for its type
EPERM operation not permitted
EPIPE broken pipe
EPROTO protocol error
EPROTONOSUPPORT protocol not supported
EPROTOTYPE protocol wrong type for socket
ERANGE result too large
EROFS read-only file system
ESPIPE invalid seek
ESRCH no such process
ESTALE stale file handle
ETIME timer expired
ETIMEDOUT connection timed out
ETXTBSY text file busy
EWOULDBLOCK operation would block
EXDEV improper link"""
WORDS: Mapping[int, str] = {
    number: line.partition(" ")[2] for number, line in enumerate(_NAMES_AND_WORDS.splitlines(), start=1)
}


def explain_error(number: str) -> str | None:
    """Return what a number (`3c092003`, hexadecimal) means: `operation not supported`; None where it says nothing.

    Raises:
        ValueError: it is not a hexadecimal number.
    """
    value = int(number, 16)
    if 0 < value < _EXIT_STATUS_LIMIT:
        return f"exit status {value}"
    return WORDS.get(value >> _POSIX_SHIFT & _POSIX_MASK)
