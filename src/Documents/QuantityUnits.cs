namespace Orrery.Documents;

/// <summary>
/// One way to write a unit. The plain value is number × <see cref="Multiplier"/> ÷ <see cref="Divisor"/>; one of the two is 1.
/// </summary>
/// <remarks>Two exact integers instead of one factor: 250 ÷ 1000 is rounded once, 250 × 0.001 twice.</remarks>
internal sealed record UnitSymbol(string Symbol, double Multiplier, double Divisor = 1, bool IsAlias = false)
{
    public double ToPlain(double number) => number * Multiplier / Divisor;

    public double FromPlain(double plain) => plain * Divisor / Multiplier;
}

/// <summary>A quantity in words: what it is called, a right example, and its units from large to small.</summary>
internal sealed record QuantityUnits(string Noun, string Example, IReadOnlyList<UnitSymbol> Units)
{
    private const double Kilo = 1e3, Mega = 1e6, Giga = 1e9, Tera = 1e12, Peta = 1e15, Exa = 1e18;
    private const double Kibi = 1L << 10, Mebi = 1L << 20, Gibi = 1L << 30, Tebi = 1L << 40, Pebi = 1L << 50;
    private const double SecondsPerMinute = 60, SecondsPerHour = 3600, SecondsPerDay = 86400;
    private const double JoulesPerWattHour = 3600;
    private const double BitsPerByte = 8;

    private static readonly QuantityUnits[] Table = BuildTable();

    public static QuantityUnits Of(Quantity kind) => Table[(int)kind];

    private static QuantityUnits[] BuildTable()
    {
        var table = new QuantityUnits[Enum.GetValues<Quantity>().Length];
        table[(int)Quantity.Number] = new("a number", "0.5", []);
        table[(int)Quantity.Duration] = new("a time", "250ms",
        [
            new("d", SecondsPerDay), new("h", SecondsPerHour), new("min", SecondsPerMinute), new("s", 1),
            new("ms", 1, Kilo), new("us", 1, Mega), new("ns", 1, Giga),
            new("µs", 1, Mega, IsAlias: true), new("μs", 1, Mega, IsAlias: true),
        ]);
        table[(int)Quantity.Bytes] = new("a size", "80GB", ByteUnits(""));
        table[(int)Quantity.BytesPerSecond] = new("a bandwidth", "3.35TB/s", [.. ByteUnits("/s"), .. BitUnits()]);
        table[(int)Quantity.Flops] = new("an amount of compute", "1.2TFLOP", Decimal("FLOP"));
        table[(int)Quantity.FlopsPerSecond] = new("a compute rate", "989TFLOP/s",
            [.. Decimal("FLOP/s"), .. Decimal("FLOPS", alias: true), .. Decimal("OP/s", alias: true), .. Decimal("OPS", alias: true)]);
        table[(int)Quantity.Rate] = new("a rate", "20/s",
        [
            new("/s", 1), new("/min", 1, SecondsPerMinute), new("/h", 1, SecondsPerHour), new("/d", 1, SecondsPerDay),
            new("req/s", 1, IsAlias: true),
        ]);
        table[(int)Quantity.Power] = new(
            "a power", "700W", [new("GW", Giga), new("MW", Mega), new("kW", Kilo), new("W", 1), new("mW", 1, Kilo)]);
        table[(int)Quantity.Energy] = new("an energy", "1.5kWh",
        [
            new("MWh", Mega * JoulesPerWattHour), new("GJ", Giga), new("kWh", Kilo * JoulesPerWattHour), new("MJ", Mega),
            new("Wh", JoulesPerWattHour), new("kJ", Kilo), new("J", 1), new("mJ", 1, Kilo),
        ]);
        table[(int)Quantity.CarbonIntensity] = new("a carbon intensity", "0.3kg/kWh",
            [new("kg/kWh", Kilo), new("g/kWh", 1), new("kg/MWh", 1, IsAlias: true), new("g/MWh", 1, Kilo, IsAlias: true)]);
        table[(int)Quantity.WaterIntensity] = new("a water intensity", "1.8L/kWh",
            [new("L/kWh", 1), new("mL/kWh", 1, Kilo), new("L/MWh", 1, Kilo, IsAlias: true), new("m3/MWh", 1, IsAlias: true)]);
        table[(int)Quantity.Volume] = new("a volume", "500L", [new("m3", Kilo), new("L", 1), new("mL", 1, Kilo)]);
        table[(int)Quantity.Area] = new("an area", "814mm2",
            [new("m2", Mega), new("cm2", 100), new("mm2", 1), new("mm²", 1, IsAlias: true), new("cm²", 100, IsAlias: true)]);
        table[(int)Quantity.Mass] = new("a mass", "1.5kg", [new("t", Mega), new("kg", Kilo), new("g", 1), new("mg", 1, Kilo)]);
        table[(int)Quantity.Money] = new("an amount of money", "$3.67", [new("USD", 1)]);
        table[(int)Quantity.Frequency] = new(
            "a frequency", "1.98GHz", [new("GHz", Giga), new("MHz", Mega), new("kHz", Kilo), new("Hz", 1)]);
        return table;
    }

    private static UnitSymbol[] ByteUnits(string suffix) =>
    [
        new("EB" + suffix, Exa), new("PiB" + suffix, Pebi), new("PB" + suffix, Peta), new("TiB" + suffix, Tebi), new("TB" + suffix, Tera),
        new("GiB" + suffix, Gibi), new("GB" + suffix, Giga), new("MiB" + suffix, Mebi), new("MB" + suffix, Mega), new("KiB" + suffix, Kibi),
        new("kB" + suffix, Kilo), new("B" + suffix, 1), new("KB" + suffix, Kilo, IsAlias: true),
    ];

    private static UnitSymbol[] BitUnits() =>
    [
        new("Tbit/s", Tera, BitsPerByte, IsAlias: true),
        new("Gbit/s", Giga, BitsPerByte, IsAlias: true),
        new("Mbit/s", Mega, BitsPerByte, IsAlias: true),
    ];

    private static UnitSymbol[] Decimal(string symbol, bool alias = false) =>
    [
        new("E" + symbol, Exa, IsAlias: alias), new("P" + symbol, Peta, IsAlias: alias), new("T" + symbol, Tera, IsAlias: alias),
        new("G" + symbol, Giga, IsAlias: alias), new("M" + symbol, Mega, IsAlias: alias), new("k" + symbol, Kilo, IsAlias: alias),
        new(symbol, 1, IsAlias: alias),
    ];
}
