"""What settings come to: alarms replayed over points, schedules worked out, filters run over lines. Pure functions, no facts."""
