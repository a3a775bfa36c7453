"""What a user says about a guest."""
