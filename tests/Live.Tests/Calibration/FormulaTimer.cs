using Orrery.Live.Calibration;
using Orrery.World.Models;

namespace Orrery.Live.Tests.Calibration;

/// <summary>An engine whose steps take what a formula says, and a machine that may disturb some of them.</summary>
internal sealed class FormulaTimer(StepLaw law, Func<int, double>? disturbance = null) : IStepTimer
{
    /// <summary>A small model: 4 layers of 256, 8 heads of 32 that share 4 key-value heads.</summary>
    public static ModelSpec Model { get; } = new("formula", 4, 256, 8, 4, 32, 768, Gated: true, 2048, TiedEmbeddings: true, 4096, Source: "test");

    /// <summary>2 ms a step, 0.1 ms a row; 0.3 ms for each sampled row after 1 ms; attention in nanoseconds.</summary>
    public static StepLaw Law { get; } = new(
        new([1, 512], [2.1e-3, 2e-3 + (512 * 1e-4)]), new([1, 16], [1.3e-3, 1e-3 + (16 * 3e-4)]), ContextSeconds: 200e-9, PairSeconds: 20e-9, KvTokenSeconds: 50e-9);

    public int Runs { get; private set; }

    public double Seconds(StepPoint point) => law.Seconds(point, Model) * (disturbance?.Invoke(Runs++) ?? 1);
}
