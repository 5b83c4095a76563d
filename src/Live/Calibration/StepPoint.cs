using Orrery.World.Steps;

namespace Orrery.Live.Calibration;

/// <summary>One step that is measured: decodes with the tokens that each attends, and pieces of prompts.</summary>
/// <param name="Contexts">Tokens attended by each decode, itself included.</param>
/// <param name="Chunks">Pieces of prompts in the same step.</param>
public sealed record StepPoint(IReadOnlyList<int> Contexts, IReadOnlyList<PrefillChunk> Chunks)
{
    /// <summary>Equal decodes.</summary>
    public static StepPoint Decodes(int sequences, int context) => new([.. Enumerable.Repeat(context, sequences)], []);

    /// <summary>One piece of a prompt.</summary>
    public static StepPoint Prompt(int tokens, int history, bool finishes) => new([], [new(tokens, history, finishes)]);

    /// <summary>Rows through the layers.</summary>
    public int Tokens => Contexts.Count + Chunks.Sum(chunk => chunk.Tokens);

    /// <summary>Rows through the vocabulary projection.</summary>
    public int Sampled => Contexts.Count + Chunks.Count(chunk => chunk.Finishes);

    public int Sequences => Contexts.Count + Chunks.Count;

    /// <summary>Longest sequence after the step.</summary>
    public int Longest => Math.Max(Contexts.DefaultIfEmpty().Max(), Chunks.Select(chunk => chunk.HistoryTokens + chunk.Tokens).DefaultIfEmpty().Max());

    /// <summary>Tokens that the key-value memory holds after the step.</summary>
    public long KvTokens => Contexts.Sum(context => (long)context) + Chunks.Sum(chunk => (long)chunk.HistoryTokens + chunk.Tokens);

    public StepKind Kind => Chunks.Count == 0 ? StepKind.Decode : Contexts.Count == 0 ? StepKind.Prefill : StepKind.Mixed;

    /// <summary>The same for a cost model.</summary>
    public void Fill(StepShape shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        shape.Clear();
        foreach (int context in Contexts) shape.AddDecode(context);
        foreach (PrefillChunk chunk in Chunks) shape.AddChunk(chunk);
    }
}

/// <summary>What a step is made of.</summary>
public enum StepKind
{
    Decode,
    Prefill,
    Mixed,
}
