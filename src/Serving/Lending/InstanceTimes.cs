using Orrery.World.Cost;
using Orrery.World.Steps;

namespace Orrery.Serving.Lending;

/// <summary>
/// Step time of an instance as lending policies see it: T(β, K) = T_lin(β) + T_att · K, with β decodes that attend to K tokens in all (Infinite-LLM,
/// arXiv 2401.02669, c). Both parts are read off the engine's cost model.
/// </summary>
public sealed class InstanceTimes
{
    // The slope is taken over a batch and contexts of usual size.
    private const int SlopeBatch = 16;
    private const int SlopeContext = 4096;

    private readonly StepCost _cost;
    private readonly StepShape _shape = new();
    private readonly List<double> _linear = [0];

    public InstanceTimes(ICostModel cost)
    {
        ArgumentNullException.ThrowIfNull(cost);
        _cost = cost.CreateStep();
        SecondsPerToken = (Step(SlopeBatch, SlopeContext) - Step(SlopeBatch, 1)) / ((double)SlopeBatch * (SlopeContext - 1));
    }

    /// <summary>T_att: attention to one more token.</summary>
    public double SecondsPerToken { get; }

    /// <summary>T_lin(β): a step of so many decodes without any history.</summary>
    public double LinearSeconds(int batch)
    {
        while (_linear.Count <= batch) _linear.Add(Step(_linear.Count, 1));
        return _linear[batch];
    }

    /// <summary>T(β, K).</summary>
    public double StepSeconds(int batch, double tokens) => LinearSeconds(batch) + (tokens * SecondsPerToken);

    private double Step(int batch, int context)
    {
        _shape.Clear();
        for (int i = 0; i < batch; i++) _shape.AddDecode(context);
        _cost.Prepare(_shape);
        return _cost.At(0).Seconds;
    }
}
