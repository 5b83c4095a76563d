using Orrery.Documents;
using Orrery.Kernel.Time;

namespace Orrery.Serving.Power;

/// <summary>Servers on one breaker, what is measured of them, and how long a command takes to reach them.</summary>
public sealed record RowPowerOptions
{
    private const string Published = "POLCA, arXiv 2308.12908 (c)";
    private const string Profile = "Splitwise's power profile (b)";
    private const double MostWatts = 1e9;

    /// <summary>A reading per millisecond costs a thousand times a simulated second's work already (d).</summary>
    private const double ShortestInterval = 0.001;
    private const double MostHertz = 1e11;

    public static readonly OptionSet<RowPowerOptions> Set = AddTo<RowPowerOptions>(new(), o => o, (_, v) => v);

    /// <summary>Time between two readings of the row's power, each a mean over that time (c).</summary>
    public Duration Interval { get; init; } = Duration.FromSeconds(2);

    /// <summary>From the end of a reading to the controller (c).</summary>
    public Duration TelemetryDelay { get; init; } = Duration.FromSeconds(2);

    /// <summary>From a command to its effect through the management controller of a server, out of band (c).</summary>
    public Duration CapDelay { get; init; } = Duration.FromSeconds(40);

    /// <summary>Part of the delay that differs between servers: 0 all take it whole, 1 uniform between nothing and the whole.</summary>
    public double CapSpread { get; init; }

    /// <summary>From a reading at or above the budget to the brake's effect, at most 5 s (c).</summary>
    public Duration BrakeDelay { get; init; } = Duration.FromSeconds(5);

    /// <summary>Clock under the brake (c).</summary>
    public double BrakeHertz { get; init; } = 0.288e9;

    public ClockLaws Laws { get; init; } = new();

    /// <summary>Accelerators of a server.</summary>
    public int ServerDevices { get; init; } = 8;

    public double DeviceWatts { get; init; } = 400;

    public double DeviceIdleWatts { get; init; } = 63;

    public double ServerIdleWatts { get; init; } = 1500;

    /// <summary>What is provisioned for a server.</summary>
    public double ServerRatedWatts { get; init; } = 6500;

    /// <inheritdoc cref="ServerPowerModel"/>
    public double HostSwing { get; init; } = 1;

    /// <summary>Whose measured phases; see <see cref="Power.PhasePower"/>.</summary>
    public string PhasePower { get; init; } = "bloom-176b";

    /// <summary>Declares these options among those of a record that holds them.</summary>
    /// <param name="options">The set to add to.</param>
    /// <param name="part">Where the record holds them.</param>
    /// <param name="put">The record with others.</param>
    public static OptionSet<T> AddTo<T>(OptionSet<T> options, Func<T, RowPowerOptions> part, Func<T, RowPowerOptions, T> put)
        where T : class, new()
    {
        ArgumentNullException.ThrowIfNull(options);
        return options
            .Duration("interval", o => part(o).Interval, (o, v) => put(o, part(o) with { Interval = v }),
                "time between readings of the row's power; each is the mean over it", Published, minSeconds: ShortestInterval)
            .Duration("telemetryDelay", o => part(o).TelemetryDelay, (o, v) => put(o, part(o) with { TelemetryDelay = v }),
                "from the end of a reading to the controller", Published)
            .Duration("capDelay", o => part(o).CapDelay, (o, v) => put(o, part(o) with { CapDelay = v }),
                "from a command to its effect on a server's clock, out of band", Published)
            .Number("capSpread", o => part(o).CapSpread, (o, v) => put(o, part(o) with { CapSpread = v }),
                "part of capDelay that is uniform between servers; 0 is a fixed delay", "our choice (d)", max: 1)
            .Duration("brakeDelay", o => part(o).BrakeDelay, (o, v) => put(o, part(o) with { BrakeDelay = v }),
                "from a reading at or above the budget to the brake's effect", Published)
            .Quantity("brakeClock", Quantity.Frequency, o => part(o).BrakeHertz, (o, v) => put(o, part(o) with { BrakeHertz = v }),
                "clock of all devices under the brake", Published, min: 1e6, max: MostHertz)
            .Quantity("fullClock", Quantity.Frequency, o => part(o).Laws.FullHertz, (o, v) => put(o, part(o) with { Laws = part(o).Laws with { FullHertz = v } }),
                "clock of uncapped devices", "A100 (b)", min: 1e6, max: MostHertz)
            .Number("alpha", o => part(o).Laws.Alpha, (o, v) => put(o, part(o) with { Laws = part(o).Laws with { Alpha = v } }),
                "power above idle falls with (clock / fullClock)^alpha", "fit to −20 % at 1.11 GHz (d)", max: 10)
            .Quantity("decodeKnee", Quantity.Frequency, o => part(o).Laws.KneeHertz, (o, v) => put(o, part(o) with { Laws = part(o).Laws with { KneeHertz = v } }),
                "clock down to which decodes keep their time", Published, min: 1e6, max: MostHertz)
            .Int("serverDevices", o => part(o).ServerDevices, (o, v) => put(o, part(o) with { ServerDevices = v }),
                "accelerators of a server", Profile, max: 1024)
            .Quantity("devicePower", Quantity.Power, o => part(o).DeviceWatts, (o, v) => put(o, part(o) with { DeviceWatts = v }),
                "thermal design power of an accelerator", Profile, min: 1, max: MostWatts)
            .Quantity("deviceIdle", Quantity.Power, o => part(o).DeviceIdleWatts, (o, v) => put(o, part(o) with { DeviceIdleWatts = v }),
                "power of an accelerator without a step in flight", Profile, max: MostWatts)
            .Quantity("serverIdle", Quantity.Power, o => part(o).ServerIdleWatts, (o, v) => put(o, part(o) with { ServerIdleWatts = v }),
                "power of a server without a step in flight", Profile, max: MostWatts)
            .Quantity("serverRated", Quantity.Power, o => part(o).ServerRatedWatts, (o, v) => put(o, part(o) with { ServerRatedWatts = v }),
                "power that is provisioned for a server", Profile, min: 1, max: MostWatts)
            .Number("hostSwing", o => part(o).HostSwing, (o, v) => put(o, part(o) with { HostSwing = v }),
                "how far the rest of a server follows its devices: 1 to the rated power, 0 not at all", "rows peak at 79 % (d, from c)", max: 1)
            .Choice("phasePower", Power.PhasePower.Names, o => part(o).PhasePower, (o, v) => put(o, part(o) with { PhasePower = v }),
                "model whose measured power by phase is used", Profile);
    }

    /// <summary>What is wrong with these options together, a sentence; null where nothing is.</summary>
    public string? Fault()
    {
        if (Interval <= Duration.Zero) return "interval: readings need a time between them; write for example 2s";
        if (DeviceIdleWatts >= DeviceWatts) return "deviceIdle: idle devices draw less than their design power; write a smaller value";
        if (ServerIdleWatts >= ServerRatedWatts) return "serverIdle: idle servers draw less than what is provisioned for them; write a smaller value";
        if (BrakeHertz > Laws.FullHertz) return "brakeClock: the brake slows down; write a clock below fullClock";
        return null;
    }
}
