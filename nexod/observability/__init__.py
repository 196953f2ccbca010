"""What tells people how the running system is: logs, request ids, Sentry, metrics, health. Above the kernel, below the apps."""
