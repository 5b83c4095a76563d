using Orrery.World.Cost;
using Orrery.World.Steps;

namespace Orrery.Lab.Fidelity;

/// <summary>Step times of one replica for batches of alike sequences.</summary>
/// <remarks>
/// With several data ranks a prompt runs on one of them while the others wait for it at the experts: a step costs what it would if every rank
/// had as many prompts as the fullest.
/// </remarks>
internal sealed class StepTimer(ICostModel cost, int dataRanks, PromptCost prompts)
{
    /// <summary>A step time serves until the number of sequences or their mean context has changed by one part in so many.</summary>
    private const int Coarseness = 64;

    private readonly StepCost _step = cost.CreateStep();
    private readonly StepShape _shape = new();
    private int _decodes = -1;
    private double _context;
    private double _seconds;

    public int DataRanks => dataRanks;

    /// <summary>A step of decodes alone.</summary>
    public double DecodeSeconds(int decodes, double meanContext)
    {
        if (Math.Abs(decodes - _decodes) <= decodes / Coarseness && Math.Abs(meanContext - _context) <= meanContext / Coarseness) return _seconds;
        _decodes = decodes;
        _context = meanContext;
        Begin(decodes, meanContext);
        return _seconds = Seconds();
    }

    /// <summary>Starts to describe a step with prompts.</summary>
    public void Begin(int decodes, double meanContext)
    {
        _shape.Clear();
        int context = Math.Max(1, (int)Math.Round(meanContext));
        for (int i = 0; i < decodes; i++) _shape.AddDecode(context);
    }

    public void AddChunk(int tokens, int history, bool finishes) => _shape.AddChunk(new(tokens, history, finishes));

    /// <summary>Fills the ranks that have one prompt less than the fullest, once all chunks are there.</summary>
    public void FillRanks(int chunks, int tokens, int history)
    {
        int missing = (dataRanks - (chunks % dataRanks)) % dataRanks;
        for (int i = 0; i < missing; i++) AddChunk(tokens, history, finishes: true);
    }

    /// <summary>Seconds of the step described.</summary>
    public double Seconds()
    {
        _step.Prepare(_shape);
        double seconds = _step.At(0).Seconds;
        return _shape.IsDecodeOnly ? seconds : prompts.Of(seconds);
    }
}

/// <summary>What prompts add to a step that holds them.</summary>
/// <param name="FloorSeconds">Least time of the step.</param>
public readonly record struct PromptCost(double FloorSeconds)
{
    /// <summary>Nothing.</summary>
    public static PromptCost None => default;

    internal double Of(double seconds) => Math.Max(seconds, FloorSeconds);
}
