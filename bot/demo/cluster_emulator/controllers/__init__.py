"""The control plane: what turns wishes (deployments, jobs, replicas) into pods, and pods onto nodes."""
