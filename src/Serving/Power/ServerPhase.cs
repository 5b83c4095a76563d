namespace Orrery.Serving.Power;

/// <summary>What a server's devices do: what its power depends on most.</summary>
public enum ServerPhase
{
    /// <summary>No step is in flight.</summary>
    Idle,

    /// <summary>A step with prompts in it (or drafts or training): bound by arithmetic, close to the devices' limit.</summary>
    Prompts,

    /// <summary>A step of decodes alone: bound by memory.</summary>
    Decodes,
}

/// <summary>Whose work a server does: who is slowed down first.</summary>
public enum ServerPriority
{
    High,
    Low,
}
