using Orrery.Documents;
using Orrery.Kernel;
using Orrery.World.Catalogue;
using Orrery.World.Power;

namespace Orrery.Lab.Scenarios;

/// <summary>The <c>energy:</c> block: what turns device energy and device-hours into facility energy, carbon and water.</summary>
public static class EnergyReader
{
    private const double LargestPue = 10;
    private const double LargestHostShare = 0.95;
    private const double LongestLifetimeYears = 50;

    /// <summary>Every key but <c>grid</c>, which takes a catalogue name or an intensity.</summary>
    public static OptionSet<FootprintOptions> Options { get; } = new OptionSet<FootprintOptions>()
        .Number("pue", o => o.PowerUsageEffectiveness, (o, v) => o with { PowerUsageEffectiveness = v },
            "facility energy over IT energy", "industry survey 2023-24 (c)", min: 1, max: LargestPue)
        .Number("hostShare", o => o.HostShare, (o, v) => o with { HostShare = v },
            "share of server energy that is not the accelerators", "reference table of power", min: 0, max: LargestHostShare)
        .Quantity("water", Quantity.WaterIntensity, o => o.LitresPerKilowattHour, (o, v) => o with { LitresPerKilowattHour = v },
            "on-site water per kWh of IT energy", "US average 2016 (c)")
        .Number("lifetimeYears", o => o.LifetimeYears, (o, v) => o with { LifetimeYears = v },
            "years over which manufacturing is spread", "usual range 3 to 6", min: 0.1, max: LongestLifetimeYears)
        .Quantity("serverCarbonPerDevice", Quantity.Mass, o => o.ServerGramsPerDevice, (o, v) => o with { ServerGramsPerDevice = v },
            "manufacturing of a device's share of its server", "BLOOM footprint study 2022 (c)");

    /// <exception cref="InputException">Unknown key or grid, or a value out of range.</exception>
    public static FootprintOptions Read(Node? node)
    {
        if (node is null) return new();
        MapReader map = node.AsMap();
        FootprintOptions options = Options.Read(map);
        if (map.Optional("grid") is { } grid) options = options with { GramsPerKilowattHour = ReadGrid(grid) };
        map.Done();
        return options;
    }

    /// <summary>The form that <see cref="Read"/> gives back.</summary>
    public static Node ToNode(FootprintOptions options)
    {
        string intensity = Quantities.Format(options.GramsPerKilowattHour, Quantity.CarbonIntensity);
        return Node.Map([.. Options.ToNode(options).Entries, KeyValuePair.Create("grid", Node.Plain(intensity))]);
    }

    private static double ReadGrid(Node node)
    {
        string text = node.AsText();
        if (text.Length > 0 && (char.IsAsciiDigit(text[0]) || text[0] is '.' or '+' or '-')) return node.AsQuantity(Quantity.CarbonIntensity);
        try
        {
            return Catalog.Grid(text).GramsPerKilowattHour;
        }
        catch (InputException unknown)
        {
            throw node.Error($"{unknown.Message}; an intensity such as 168g/kWh will do, too");
        }
    }
}
