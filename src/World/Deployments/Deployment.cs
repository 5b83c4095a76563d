using Orrery.Kernel;
using Orrery.Kernel.Units;
using Orrery.World.Hardware;
using Orrery.World.Models;
using Orrery.World.Profiles;

namespace Orrery.World.Deployments;

/// <summary>What one replica runs on: a model, cut over equal devices, in given formats. Immutable; checked when created.</summary>
public sealed record Deployment
{
    private Deployment(ModelSpec model, DeviceSpec device, ParallelPlan parallel, PrecisionPlan precision, Interconnect interconnect, CostProfile profile, EngineProfile engine)
    {
        Model = model;
        Device = device;
        Parallel = parallel;
        Precision = precision;
        Interconnect = interconnect;
        Profile = profile;
        Engine = engine;
        Shards = new ShardSizes(model, parallel, precision);
    }

    public ModelSpec Model { get; }

    public DeviceSpec Device { get; }

    public ParallelPlan Parallel { get; }

    public PrecisionPlan Precision { get; }

    public Interconnect Interconnect { get; }

    public CostProfile Profile { get; private init; }

    /// <summary>The engine version that runs it.</summary>
    public EngineProfile Engine { get; private init; }

    /// <summary>How the KV lies in memory, as far as attention feels it.</summary>
    public AttentionLayout Attention { get; init; } = AttentionLayout.Contiguous;

    /// <summary>What one device of the replica holds.</summary>
    public ShardSizes Shards { get; }

    /// <summary>On-demand price of the replica per hour.</summary>
    public Money HourlyPrice => Device.HourlyPrice * Parallel.Devices;

    /// <summary>The same with operators and CPU that take so many times longer than now.</summary>
    public Deployment Slowed(ProfileFactors factors) => At(Profile with { Factors = Profile.Factors.Times(factors) });

    /// <summary>The same at the speed of another profile.</summary>
    public Deployment At(CostProfile profile) => this with { Profile = profile };

    /// <param name="model">What is served.</param>
    /// <param name="device">Every device of the replica.</param>
    /// <param name="parallel">Default: one device.</param>
    /// <param name="precision">Default: 16 bit throughout.</param>
    /// <param name="interconnect">Default: <see cref="Interconnect.Usual"/>.</param>
    /// <param name="profile">Default: <see cref="CostProfile.Analytic"/>.</param>
    /// <param name="engine">Default: <see cref="EngineProfile.Generic"/>.</param>
    /// <exception cref="InputException">The model cannot be cut this way, or the device cannot compute in the format.</exception>
    public static Deployment Create(
        ModelSpec model,
        DeviceSpec device,
        ParallelPlan? parallel = null,
        PrecisionPlan? precision = null,
        Interconnect? interconnect = null,
        CostProfile? profile = null,
        EngineProfile? engine = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(device);
        parallel ??= ParallelPlan.Single;
        precision ??= PrecisionPlan.SixteenBit;
        parallel.Validate(model);
        precision.Validate(device);
        return new(model, device, parallel, precision, interconnect ?? Interconnect.Usual(device), profile ?? CostProfile.Analytic, engine ?? EngineProfile.Generic);
    }
}
