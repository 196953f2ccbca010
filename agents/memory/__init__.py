"""What agents keep from run to run: for whom, how it is found again, and how it fades."""
