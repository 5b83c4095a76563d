using System.Globalization;
using Orrery.Documents;

namespace Orrery.World.Profiles;

/// <summary>
/// How many times longer than its profile says each kind of operator takes: what a draw of the profile's error, a calibration on telemetry or
/// an engine's own kernels change. All of one leave every time as it is, bit for bit.
/// </summary>
public sealed record ProfileFactors
{
    /// <summary>Beyond these a profile is of another device, not off by a factor.</summary>
    private const double Least = 0.01;

    private const double Most = 100;

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

    /// <summary>Reads what <see cref="Write"/> wrote; kinds that are absent keep a factor of one.</summary>
    /// <exception cref="Kernel.InputException">A kind is unknown or a factor out of range; the sentence says where.</exception>
    public static ProfileFactors Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        MapReader map = node.AsMap();
        ProfileFactors factors = new()
        {
            Matrices = One("matrices"),
            Vectors = One("vectors"),
            Prefill = One("prefill"),
            Decode = One("decode"),
            Mixed = One("mixed"),
            Experts = One("experts"),
            Collectives = One("collectives"),
            Cpu = One("cpu"),
        };
        map.Done();
        return factors;

        double One(string key) => map.Number(key, 1, Least, Most);
    }

    /// <summary>Every kind with its factor, to the last bit.</summary>
    public Node Write() => Node.Map(
        One("matrices", Matrices),
        One("vectors", Vectors),
        One("prefill", Prefill),
        One("decode", Decode),
        One("mixed", Mixed),
        One("experts", Experts),
        One("collectives", Collectives),
        One("cpu", Cpu));

    private static KeyValuePair<string, Node> One(string key, double factor) => new(key, Node.Plain(factor.ToString("R", CultureInfo.InvariantCulture)));
}
