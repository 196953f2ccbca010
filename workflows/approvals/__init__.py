"""What approvals follow, free of the database: policies, quorums, separation of duties, what exactly was seen."""
