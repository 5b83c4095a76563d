namespace Orrery.Cli.Shell;

/// <summary>What the process ends with.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>The run finished, but a stated goal was missed.</summary>
    public const int GoalMissed = 1;

    /// <summary>A mistake in files or flags; one sentence on standard error says which.</summary>
    public const int BadInput = 2;

    /// <summary>Our mistake; a report file holds the details.</summary>
    public const int InternalError = 3;

    /// <summary>Ctrl-C; what was reached is kept.</summary>
    public const int Interrupted = 130;
}
