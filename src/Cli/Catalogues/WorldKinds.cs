using System.Globalization;
using Orrery.Cli.Tables;
using Orrery.Documents;
using Orrery.Kernel.Units;
using Orrery.World.Catalogue;
using Orrery.World.Hardware;
using Orrery.World.Models;
using Orrery.World.Power;

namespace Orrery.Cli.Catalogues;

/// <summary>Tables of what exists before a request arrives: devices, models, grids.</summary>
internal static class WorldKinds
{
    private const double Giga = 1e9;
    private const double Tera = 1e12;
    private const double Gibi = 1L << 30;

    public static CatalogKind<DeviceSpec> Devices { get; } = new()
    {
        All = () => Catalog.Devices,
        Find = Catalog.Device,
        Columns =
        [
            new("device", IsNumber: false), new("memory\nGiB"), new("bandwidth\nGB/s"), new("bf16\nTFLOP/s"), new("fp8\nTFLOP/s"),
            new("link\nGB/s"), new("power\nW"), new("idle\nW"), new("USD/h"),
        ],
        Row = d =>
        [
            d.Name, Figure(d.Memory.Count / Gibi), Figure(d.MemoryBandwidth.Value / Giga, 4), Peak(d, Precision.Bf16), Peak(d, Precision.Fp8),
            Figure(d.LinkBandwidth.Value / Giga, 4), Figure(d.ThermalDesignPower.Value, 4), Figure(d.IdlePower.Value), Price(d.HourlyPrice.Dollars),
        ],
        Facts = DeviceFacts,
        Note = "Peaks are dense; bandwidths are one direction; prices are on demand, the latest known.",
    };

    public static CatalogKind<ModelSpec> Models { get; } = new()
    {
        All = () => Catalog.Models,
        Find = Catalog.Model,
        Columns =
        [
            new("model", IsNumber: false), new("total\n1e9"), new("active\n1e9"), new("layers"), new("hidden"), new("heads"), new("KV\nheads"),
            new("experts"), new("positions"), new("KV bf16\nkB/token"),
        ],
        Row = m =>
        [
            m.Name, Figure(m.TotalParameters / Giga, 4), Figure(m.ActiveParameters / Giga, 4), Whole(m.Layers), Whole(m.Hidden), Whole(m.Heads),
            m.Latent is null ? Whole(m.KvHeads) : "latent", m.Experts is { } e ? $"{e.TopK}/{e.Count}" : "-", Whole(m.MaxPositions), Figure(KvBytes(m) / 1e3),
        ],
        Facts = ModelFacts,
        Note = "Total and active parameters are derived from the architecture; KV bytes are those of a token with full attention everywhere.",
    };

    public static CatalogKind<GridSpec> Grids { get; } = new()
    {
        All = () => Catalog.Grids,
        Find = Catalog.Grid,
        Columns = [new("grid", IsNumber: false), new("carbon\ng/kWh"), new("period", IsNumber: false), new("source", IsNumber: false, Wraps: true)],
        Row = g => [g.Name, Figure(g.GramsPerKilowattHour), g.Year, g.Source],
        Facts = g =>
        [
            Fact.Of("name", "grid", g.Name), Fact.Of("aliases", "also called", g.Aliases),
            Fact.Of("gramsPerKilowattHour", "carbon intensity", g.GramsPerKilowattHour, Quantity.CarbonIntensity),
            Fact.Of("year", "period", g.Year), Fact.Of("source", "source", g.Source),
        ],
        Note = "Means over the period, generation based.",
    };

    private static IReadOnlyList<Fact> DeviceFacts(DeviceSpec d)
    {
        List<Fact> facts = [Fact.Of("name", "device", d.Name), Fact.Of("aliases", "also called", d.Aliases)];
        foreach ((Precision precision, FlopsPerSecond rate) in d.PeakRates)
        {
            string name = ChoiceNames.Of(precision);
            facts.Add(Fact.Of($"{name}FlopsPerSecond", $"peak {name}", rate.Value, Quantity.FlopsPerSecond));
        }
        facts.Add(Fact.Of("memoryBytes", "memory", d.Memory.Count, Quantity.Bytes));
        facts.Add(Fact.Of("usableMemoryBytes", "usable memory", d.UsableMemory.Count, Quantity.Bytes));
        facts.Add(Fact.Of("memoryBytesPerSecond", "memory bandwidth", d.MemoryBandwidth.Value, Quantity.BytesPerSecond));
        facts.Add(Fact.Of("link", "link", d.LinkName));
        facts.Add(Fact.Of("linkBytesPerSecond", "link bandwidth", d.LinkBandwidth.Value, Quantity.BytesPerSecond));
        facts.Add(Fact.Of("hostBytesPerSecond", "host bandwidth", d.HostBandwidth.Value, Quantity.BytesPerSecond));
        facts.Add(Fact.Of("powerWatts", "power limit", d.ThermalDesignPower.Value, Quantity.Power));
        facts.Add(Fact.Of("idleWatts", "idle power", d.IdlePower.Value, Quantity.Power));
        facts.Add(Fact.Of("powerSource", "power source", d.PowerSource));
        facts.Add(Fact.Of("powerModel", "power model", PowerText(d)));
        facts.Add(Fact.Of("dollarsPerHour", "price per hour", d.HourlyPrice.Dollars, Quantity.Money));
        facts.AddRange(d.Prices.Select((price, i) =>
            Fact.Of($"price{i}", $"price {price.Year}", $"{Quantities.Format(price.PerHour.Dollars, Quantity.Money)} per hour, {price.Source}")));
        facts.Add(Fact.Of("embodiedGrams", "embodied carbon", d.EmbodiedCarbon.Value, Quantity.Mass));
        facts.Add(Fact.Of("embodiedSource", "embodied source", d.EmbodiedSource));
        facts.Add(Fact.Of("source", "source", d.Source));
        return facts;
    }

    private static string PowerText(DeviceSpec d)
    {
        PowerProfile power = Catalog.Power(d);
        string origin = power.Device == d.Name ? "fitted to this device" : "learnt on other devices";
        return string.Create(CultureInfo.InvariantCulture, $"{origin}, mean error {power.FitError:P1}, left out {power.LeftOutError:P1}; {power.Source}");
    }

    private static IReadOnlyList<Fact> ModelFacts(ModelSpec m)
    {
        List<Fact> facts =
        [
            Fact.Of("name", "model", m.Name), Fact.Of("aliases", "also called", m.Aliases), Fact.Of("parameters", "parameters", m.TotalParameters),
            Fact.Of("activeParameters", "active per token", m.ActiveParameters), Fact.Of("layers", "layers", m.Layers), Fact.Of("hidden", "hidden width", m.Hidden),
            Fact.Of("heads", "query heads", m.Heads), Fact.Of("kvHeads", "KV heads", m.KvHeads), Fact.Of("headWidth", "head width", m.HeadWidth),
            Fact.Of("ffnWidth", "feed-forward width", m.FfnWidth), Fact.Of("gated", "gated feed-forward", m.Gated),
            Fact.Of("vocabulary", "vocabulary", m.Vocabulary), Fact.Of("tiedEmbeddings", "tied embeddings", m.TiedEmbeddings),
            Fact.Of("maxPositions", "longest sequence", m.MaxPositions),
            Fact.Of("kvBytesPerToken", "KV per token, bf16", KvBytes(m), Quantity.Bytes),
        ];
        if (m.Latent is { } latent)
            facts.Add(Fact.Of("latent", "latent attention", $"KV rank {latent.KvRank}, query rank {latent.QueryRank}, rotary width {latent.RopeWidth}"));
        if (m.Experts is { } experts)
            facts.Add(Fact.Of("experts", "experts", $"{experts.Count} of width {experts.Width}, {experts.TopK} per token, {experts.Shared} shared"));
        if (m.Window is { } window)
            facts.Add(Fact.Of("window", "sliding window", $"{window.Tokens} tokens, full attention every {window.FullEvery} layers"));
        if (m.PublishedBillions is { } published)
            facts.Add(Fact.Of("publishedBillions", "published parameters", published.ToString(CultureInfo.InvariantCulture) + "e9"));
        facts.Add(Fact.Of("source", "source", m.Source));
        return facts;
    }

    private static double KvBytes(ModelSpec model) => model.KvBytesPerToken();

    private static string Peak(DeviceSpec device, Precision precision) => device.PeakRate(precision) is { } rate ? Figure(rate.Value / Tera, 4) : "-";

    private static string Price(double dollars) => dollars == 0 ? "-" : dollars.ToString("0.00", CultureInfo.InvariantCulture);

    private static string Figure(double value, int digits = 3) => TextTable.Figure(value, digits);

    private static string Whole(int value) => value.ToString(CultureInfo.InvariantCulture);
}
