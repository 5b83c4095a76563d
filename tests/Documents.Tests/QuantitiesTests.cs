using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;

namespace Orrery.Documents.Tests;

public sealed class QuantitiesTests
{
    [Theory]
    [InlineData("250ms", Quantity.Duration, 0.25)]
    [InlineData("10min", Quantity.Duration, 600)]
    [InlineData("3 us", Quantity.Duration, 3e-6)]
    [InlineData("3µs", Quantity.Duration, 3e-6)]
    [InlineData("2h", Quantity.Duration, 7200)]
    [InlineData("80GB", Quantity.Bytes, 80e9)]
    [InlineData("80GiB", Quantity.Bytes, 80.0 * (1L << 30))]
    [InlineData("1EB", Quantity.Bytes, 1e18)]
    [InlineData("1e3B", Quantity.Bytes, 1000)]
    [InlineData("3.35TB/s", Quantity.BytesPerSecond, 3.35e12)]
    [InlineData("400Gbit/s", Quantity.BytesPerSecond, 50e9)]
    [InlineData("989TFLOP/s", Quantity.FlopsPerSecond, 989e12)]
    [InlineData("989TFLOPS", Quantity.FlopsPerSecond, 989e12)]
    [InlineData("2.5GFLOP", Quantity.Flops, 2.5e9)]
    [InlineData("20/s", Quantity.Rate, 20)]
    [InlineData("30/min", Quantity.Rate, 0.5)]
    [InlineData("700W", Quantity.Power, 700)]
    [InlineData("1kWh", Quantity.Energy, 3.6e6)]
    [InlineData("0.3kg/kWh", Quantity.CarbonIntensity, 300)]
    [InlineData("1.2L/kWh", Quantity.WaterIntensity, 1.2)]
    [InlineData("814mm2", Quantity.Area, 814)]
    [InlineData("1.5kg", Quantity.Mass, 1500)]
    [InlineData("2m3", Quantity.Volume, 2000)]
    [InlineData("$3.67", Quantity.Money, 3.67)]
    [InlineData("3.67USD", Quantity.Money, 3.67)]
    [InlineData("1.98GHz", Quantity.Frequency, 1.98e9)]
    [InlineData("-0.5", Quantity.Number, -0.5)]
    public void Known_texts(string text, Quantity kind, double plain)
    {
        Assert.True(Quantities.TryParse(text, kind, out double value, out string? problem), problem);
        Assert.Equal(plain, value);
        Assert.Matches(new Regex(Quantities.Pattern(kind)), text);
    }

    [Theory]
    [InlineData("", Quantity.Duration, "expected a time such as 250ms, not ''")]
    [InlineData("ms", Quantity.Duration, "expected a time such as 250ms, not 'ms'")]
    [InlineData("1_000ms", Quantity.Duration, "'_000ms' is no unit of time (example: 250ms); known: d, h, min, s, ms, us, ns")]
    [InlineData("5", Quantity.Power, "'5' has no unit; write a power such as 700W")]
    [InlineData("5MS", Quantity.Duration, "'MS' is no unit of time (example: 250ms); did you mean 'ms'? Known: d, h, min, s, ms, us, ns")]
    [InlineData("80gb", Quantity.Bytes, "'gb' is no unit of size (example: 80GB); did you mean 'GB'? Known: EB, PiB, PB, TiB, TB, GiB, GB, MiB, MB, KiB, kB, B")]
    [InlineData("400Gb/s", Quantity.BytesPerSecond, "'Gb/s' could mean bits or bytes; write Gbit/s or GB/s")]
    [InlineData("1e308TFLOP/s", Quantity.FlopsPerSecond, "'1e308TFLOP/s' is too large to be a compute rate")]
    [InlineData("1e999s", Quantity.Duration, "'1e999s' is too large to be a number")]
    [InlineData("5x", Quantity.Number, "expected a number without a unit such as 0.5, not '5x'")]
    [InlineData("5EUR", Quantity.Money, "'EUR' is no unit of amount of money (example: $3.67); known: USD")]
    [InlineData("NaNs", Quantity.Duration, "expected a time such as 250ms, not 'NaNs'")]
    public void Wrong_texts(string text, Quantity kind, string sentence)
    {
        Assert.False(Quantities.TryParse(text, kind, out _, out string? problem));
        Assert.Equal(sentence, problem);
    }

    [Theory]
    [InlineData(0.25, Quantity.Duration, "250ms")]
    [InlineData(600, Quantity.Duration, "10min")]
    [InlineData(90, Quantity.Duration, "1.5min")]
    [InlineData(0, Quantity.Duration, "0s")]
    [InlineData(17179869184, Quantity.Bytes, "16GiB")]
    [InlineData(80e9, Quantity.Bytes, "80GB")]
    [InlineData(0.5, Quantity.Rate, "30/min")]
    [InlineData(989e12, Quantity.FlopsPerSecond, "989TFLOP/s")]
    [InlineData(300, Quantity.CarbonIntensity, "300g/kWh")]
    [InlineData(3.67, Quantity.Money, "$3.67")]
    [InlineData(-3.67, Quantity.Money, "-3.67USD")]
    public void Known_formats(double value, Quantity kind, string text) => Assert.Equal(text, Quantities.Format(value, kind));

    [Theory]
    [InlineData(0.01144, Quantity.Duration, "11.44ms")]
    [InlineData(0.152612, Quantity.Duration, "152.6ms")]
    [InlineData(0.0000349, Quantity.Duration, "34.9us")]
    [InlineData(1404.449, Quantity.Duration, "23.41min")]
    [InlineData(0, Quantity.Duration, "0s")]
    [InlineData(0.92761234, Quantity.Number, "0.9276")]
    [InlineData(3.14159, Quantity.Money, "$3.142")]
    public void Rounded_for_readers(double value, Quantity kind, string text) => Assert.Equal(text, Quantities.Rounded(value, kind, 4));

    [Fact]
    public void Format_and_parse_give_back_the_same_double_for_every_kind()
    {
        Gen<double> values = Gen.OneOf(
            ArbMap.Default.GeneratorFor<double>().Where(double.IsFinite),
            ArbMap.Default.GeneratorFor<int>().Select(n => (double)n),
            ArbMap.Default.GeneratorFor<int>().SelectMany(n => Gen.Choose(-12, 18).Select(power => n * Math.Pow(10, power))));
        foreach (Quantity kind in Enum.GetValues<Quantity>())
        {
            Properties.Check(values, value =>
            {
                string text = Quantities.Format(value, kind);
                return Quantities.TryParse(text, kind, out double back, out _) && back == value && Regex.IsMatch(text, Quantities.Pattern(kind));
            });
        }
    }

    [Fact]
    public void Every_example_is_right()
    {
        foreach (Quantity kind in Enum.GetValues<Quantity>())
            Assert.True(Quantities.TryParse(Quantities.Example(kind), kind, out _, out string? problem), problem);
    }
}
