namespace Orrery.World.Profiles;

/// <summary>
/// How far the times of a whole run may lie from what its profile says: standard deviations of ln(true / predicted), one for each kind of
/// operator and one, <see cref="Device"/>, that all kinds share.
/// </summary>
/// <remarks>
/// A profile states the scatter of single operators around its fit. A run asks for thousands of sizes, so the part of the scatter that
/// differs from size to size averages out; what neighbouring sizes of one model have in common does not. Of the scatter s,
/// <see cref="SharedShare"/> or <see cref="LearntShare"/> is taken to be common to a run, and the bias b that the profile states is so wholly: σ² = ln²(1 + b) + (share · s)².
/// What no table of single operators knows (clocks under load, kernels that wait for each other, what the engine does besides) is
/// <see cref="DeviceDeviation"/>. These constants serve every device, model and engine (d: of four pairs of values the one
/// whose intervals came nearest to covering what published runs measured; over whole deployments they still cover less than they state).
/// </remarks>
public sealed record ProfileSpread
{
    /// <summary>Share of the scatter of single operators that the operators of one run have in common, where the device itself was measured (d).</summary>
    public const double SharedShare = 0.5;

    /// <summary>The same of what was learnt on other devices: much of its error is one of the whole device (d).</summary>
    public const double LearntShare = 0.7;

    /// <summary>Standard deviation of the logarithm of what all kinds of operators have in common (d).</summary>
    public const double DeviceDeviation = 0.05;

    /// <summary>The same of an engine's CPU times where they were fitted to a run (d).</summary>
    public const double MeasuredCpuDeviation = 0.15;

    /// <summary>The same of assumed CPU times: true ones are within a factor of two with 90 % probability (d).</summary>
    public const double AssumedCpuDeviation = 0.42;

    /// <summary>No error: every draw is the profile itself.</summary>
    public static ProfileSpread None { get; } = new();

    public double Matrices { get; init; }

    public double Vectors { get; init; }

    public double Prefill { get; init; }

    /// <summary>Decodes, alone or beside chunks: the same kernels, so the same error.</summary>
    public double Decode { get; init; }

    public double Experts { get; init; }

    public double Collectives { get; init; }

    /// <summary>CPU time around steps.</summary>
    public double Cpu { get; init; }

    /// <summary>Common to all kinds of operators, the CPU's time excepted.</summary>
    public double Device { get; init; }

    /// <summary>The spread of a profile; one that states no errors, such as constants alone, has those of what was learnt on other devices.</summary>
    /// <param name="profile">The device's.</param>
    /// <param name="engine">Its CPU times.</param>
    /// <param name="others">Learnt on other devices; null for none.</param>
    public static ProfileSpread Of(CostProfile profile, EngineProfile engine, DeviceProfile? others)
    {
        ArgumentNullException.ThrowIfNull(profile);
        ArgumentNullException.ThrowIfNull(engine);
        return new()
        {
            Matrices = Of(ProfileFamily.Matrices),
            Vectors = Of(ProfileFamily.Vectors),
            Prefill = Of(ProfileFamily.Prefill),
            Decode = Of(ProfileFamily.Decode),
            Experts = Of(ProfileFamily.Experts),
            Collectives = Of(ProfileFamily.Collectives),
            Cpu = engine.Name == EngineProfile.Generic.Name ? AssumedCpuDeviation : MeasuredCpuDeviation,
            Device = DeviceDeviation,
        };

        double Of(ProfileFamily family)
        {
            FamilyErrors? errors = profile.Measured?.Errors.GetValueOrDefault(family) ?? others?.Errors.GetValueOrDefault(family);
            return errors is null ? 0 : Shared(errors);
        }
    }

    /// <summary>
    /// The part of a family's error that is common to a run. The plain scatter is inflated by operators of microseconds, the mean error
    /// weighted by time (times √(π/2): σ of a normal error) by a few huge ones; the smaller of the two is taken.
    /// </summary>
    private static double Shared(FamilyErrors errors)
    {
        if ((errors.Transfer ?? errors.LeftOut ?? errors.Fit) is not { } error) return 0;
        double weighted = Math.Sqrt(Math.PI / 2) * error.TimeWeightedMape;
        double scatter = (errors.Transfer is null ? SharedShare : LearntShare) * Math.Min(error.Spread, weighted);
        // Signed: times half as long as the true ones are off by as much as times twice as long.
        double bias = Math.Log(1 + error.Bias);
        return Math.Sqrt((bias * bias) + (scatter * scatter));
    }
}
