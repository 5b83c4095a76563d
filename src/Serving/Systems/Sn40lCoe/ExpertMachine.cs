namespace Orrery.Serving.Systems.Sn40lCoe;

/// <summary>A machine with fast memory for the experts in use and a slower tier for all of them.</summary>
/// <param name="HbmBytes">Fast memory of all its devices.</param>
/// <param name="HbmBytesPerSecond">Of all its devices together.</param>
/// <param name="SlowBytes">The tier behind it: DDR of the node, or host memory.</param>
/// <param name="SwitchBytesPerSecond">From that tier into fast memory.</param>
/// <param name="FlopsPerSecond">BF16 peak of all its devices.</param>
/// <param name="Devices">Over which every expert is cut.</param>
/// <param name="IsFused">Its compiler makes a whole layer one kernel.</param>
public readonly record struct ExpertMachine(
    double HbmBytes, double HbmBytesPerSecond, double SlowBytes, double SwitchBytesPerSecond, double FlopsPerSecond, int Devices, bool IsFused)
{
    /// <summary>
    /// Eight SN40L sockets: 64 GB of HBM and up to 1.5 TB of DDR each, 638 TFLOPS (b, vendor's pages); HBM near 2 TB/s per socket and
    /// 1 TB/s from DDR to HBM per node (c).
    /// </summary>
    public static ExpertMachine Sn40l { get; } = new(8 * 64e9, 8 * 2e12, 8 * 1.5e12, 1e12, 8 * 638e12, 8, IsFused: true);

    /// <summary>Eight A100 of 80 GB (b, data sheet: 2.039 TB/s, 312 TFLOPS), 2 TB of host memory; 32 GB/s from the host (c).</summary>
    public static ExpertMachine DgxA100 { get; } = new(8 * 80e9, 8 * 2.039e12, 2e12, 32e9, 8 * 312e12, 8, IsFused: false);

    /// <summary>Eight H100 (b, data sheet: 3.35 TB/s, 989 TFLOPS), 2 TB of host memory; 64 GB/s from the host (c).</summary>
    public static ExpertMachine DgxH100 { get; } = new(8 * 80e9, 8 * 3.35e12, 2e12, 64e9, 8 * 989e12, 8, IsFused: false);

    /// <summary>Seconds to bring so many bytes into fast memory. What gives way is dropped: weights are only read (a).</summary>
    public double SwitchSeconds(double bytes, double fixedSeconds) => fixedSeconds + (bytes / SwitchBytesPerSecond);
}
