namespace Orrery.World.Steps;

/// <summary>How training shares the device with inference in a step.</summary>
public enum TrainingShare
{
    /// <summary>One batch: forward tokens go through the same layers in the same products; backward units follow in the same step.</summary>
    Fused,

    /// <summary>One after the other: training has passes of its own, and inference waits for them.</summary>
    InTurn,

    /// <summary>Two processes at once: inference is slowed by a factor, training runs in its shadow.</summary>
    Beside,
}

/// <summary>Backward work of one layer for a window of tokens of the training sequence.</summary>
/// <param name="Layer">From 0 at the bottom.</param>
/// <param name="FirstToken">Position of the window's first token in the sequence.</param>
/// <param name="Tokens">Tokens of the window.</param>
public readonly record struct BackwardUnit(int Layer, int FirstToken, int Tokens)
{
    /// <summary>Tokens up to the window's end: those whose keys and values its queries attend.</summary>
    public int ContextTokens => FirstToken + Tokens;
}

/// <summary>Training work of one step, as integers: a forward window or backward units of one sequence. Reused from step to step.</summary>
public sealed class TrainingWork
{
    private BackwardUnit[] _units = new BackwardUnit[64];
    private int _unitCount;

    public TrainingShare Share { get; private set; }

    /// <summary>With <see cref="TrainingShare.Beside"/>: factor on the time of the step's inference, at least 1.</summary>
    public double InferenceSlowdown { get; private set; } = 1;

    /// <summary>Tokens of the forward window, loss included; 0 for none.</summary>
    public int ForwardTokens { get; private set; }

    /// <summary>Tokens of the sequence that went forward before the window; attention reads their keys and values.</summary>
    public int ForwardHistory { get; private set; }

    /// <summary>In the order in which they run: from the top layer down, within a layer from the last window to the first.</summary>
    public ReadOnlySpan<BackwardUnit> Units => _units.AsSpan(0, _unitCount);

    /// <summary>Tokens of all units: a token that goes back through every layer counts once for each.</summary>
    public long BackwardTokenLayers { get; private set; }

    /// <summary>Tokens of the sequence whose backward pass ends with this work; 0 while it goes on.</summary>
    public int CompletedTokens { get; private set; }

    /// <summary>True when the optimizer updates the adapters at the end.</summary>
    public bool Updates { get; private set; }

    public bool IsEmpty => ForwardTokens == 0 && _unitCount == 0;

    public void Clear(TrainingShare share = TrainingShare.Fused, double inferenceSlowdown = 1)
    {
        Share = share;
        InferenceSlowdown = inferenceSlowdown;
        ForwardTokens = 0;
        ForwardHistory = 0;
        BackwardTokenLayers = 0;
        CompletedTokens = 0;
        Updates = false;
        _unitCount = 0;
    }

    public void Forward(int tokens, int history)
    {
        ForwardTokens = tokens;
        ForwardHistory = history;
    }

    public void Backward(BackwardUnit unit)
    {
        if (_unitCount == _units.Length) Array.Resize(ref _units, _unitCount * 2);
        _units[_unitCount++] = unit;
        BackwardTokenLayers += unit.Tokens;
    }

    /// <param name="tokens">Length of the sequence whose backward pass is complete.</param>
    /// <param name="updates">The optimizer runs after it.</param>
    public void Complete(int tokens, bool updates)
    {
        CompletedTokens = tokens;
        Updates = updates;
    }
}
