namespace Orrery.World.Overlap;

/// <summary>How the operations of a layer follow each other.</summary>
public enum LayerExecution
{
    /// <summary>Nano-batches, operations of different classes side by side.</summary>
    Overlapped,

    /// <summary>Nano-batches one after another: what splitting costs without what it is for.</summary>
    SplitOnly,

    /// <summary>The batch in one piece, operation after operation.</summary>
    Whole,
}

/// <summary>Options of <see cref="OverlapCost"/>.</summary>
public sealed record OverlapOptions
{
    /// <summary>Context at which pipelines are searched: about the prompt and half the output of the published conversations (d).</summary>
    public const int DefaultContextTokens = 1024;

    public LayerExecution Layers { get; init; } = LayerExecution.Overlapped;

    /// <summary>The pipeline is built for so many tokens and smaller steps are padded to them; null: a pipeline for every size.</summary>
    public int? BatchTokens { get; init; }

    /// <summary>A step size for which the search finds no gain runs in one piece; false: it is cut all the same.</summary>
    public bool FallsBack { get; init; }

    /// <summary>CPU work for a step is done during the step before; false: the device waits for it.</summary>
    public bool RunsCpuAhead { get; init; } = true;

    /// <summary>Tokens that a decode attends in the search's nominal step.</summary>
    public int ContextTokens { get; init; } = DefaultContextTokens;

    /// <summary>Speed by share of the execution units.</summary>
    public ResourceTables Tables { get; init; } = ResourceTables.Usual;
}
