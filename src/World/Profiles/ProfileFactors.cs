namespace Orrery.World.Profiles;

/// <summary>
/// How many times longer than its profile says each kind of operator takes: what a draw of the profile's error, a calibration on telemetry or
/// an engine's own kernels change. All of one leave every time as it is, bit for bit.
/// </summary>
public sealed record ProfileFactors
{
    public static ProfileFactors None { get; } = new();

    public double Matrices { get; init; } = 1;

    public double Vectors { get; init; } = 1;

    public double Prefill { get; init; } = 1;

    public double Decode { get; init; } = 1;

    /// <summary>Decodes that share a kernel with chunks.</summary>
    public double Mixed { get; init; } = 1;

    public double Experts { get; init; } = 1;

    public double Collectives { get; init; } = 1;

    /// <summary>CPU time around steps.</summary>
    public double Cpu { get; init; } = 1;

    /// <summary>Both, one after the other.</summary>
    public ProfileFactors Times(ProfileFactors other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new()
        {
            Matrices = Matrices * other.Matrices,
            Vectors = Vectors * other.Vectors,
            Prefill = Prefill * other.Prefill,
            Decode = Decode * other.Decode,
            Mixed = Mixed * other.Mixed,
            Experts = Experts * other.Experts,
            Collectives = Collectives * other.Collectives,
            Cpu = Cpu * other.Cpu,
        };
    }
}
