namespace Orrery.Kernel;

/// <summary>A mistake in what the user gave us: file, flag, request. The message is one sentence that says where, what and what to do.</summary>
/// <remarks>Shown as it is, without a stack trace; the process ends with exit code 2. Anything else that escapes is our bug (exit code 3).</remarks>
public sealed class InputException : Exception
{
    public InputException(string message)
        : base(message)
    {
    }

    public InputException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>What is described is sound, but its hardware cannot do it, such as a model that does not fit: a search passes over it.</summary>
    public bool IsInfeasible { get; init; }
}
