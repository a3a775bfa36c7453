"""Terminal, JSON and JUnit.

    progress.Progress                           what goes on while cells run
    comparison.print_verdict                    a verdict on the terminal
    outcomes.print_outcomes                     outcomes of a run without baseline on the terminal
    verdict_json.encode_verdict                 a verdict as JSON
    junit.encode_verdict_junit, encode_outcomes_junit

Each is imported where it is needed: rich and junitparser take their time to load.
"""
