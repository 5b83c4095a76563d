using Orrery.Documents;
using Orrery.Lab.Calibration;
using Orrery.Lab.Import;
using Orrery.World.Catalogue;
using Orrery.World.Hardware;
using Orrery.World.Measurements;
using Orrery.World.Profiles;

namespace Orrery.Lab.Tests.Calibration;

/// <summary>The profiles in the catalogue: usable for any shape, and what the published tables give.</summary>
public sealed class ShippedProfilesTests
{
    private static readonly string[] Tables = ["profiles-aiconfigurator", "profiles-apex", "profiles-frontier", "profiles-llmservingsim", "profiles-splitwise", "profiles-vidur"];

    public static TheoryData<string, string> Askings()
    {
        TheoryData<string, string> askings = [];
        foreach (DeviceProfile profile in Catalog.Profiles.Where(profile => !profile.IsTransfer)) askings.Add(profile.Name, profile.Name);
        foreach (string device in (string[])["l40s", "h200-sxm", "b200-sxm", "rtx-4090", "t4"]) askings.Add(DeviceProfile.TransferName, device);
        return askings;
    }

    [Theory]
    [MemberData(nameof(Askings))]
    public void Times_are_positive_and_finite(string name, string deviceName)
    {
        DeviceProfile profile = Catalog.Profile(name);
        DeviceSpec device = Catalog.Device(deviceName);
        if (profile.Matrices is { } matrices)
        {
            foreach (Precision format in device.PeakRates.Keys)
                foreach ((long outputs, long inputs) in (ReadOnlySpan<(long, long)>)[(1024, 4096), (6144, 4096), (28672, 8192), (128256, 8192)])
                    Holds($"{format} product of {outputs} x {inputs}", 1 << 16, rows => matrices.Seconds(device, format, rows, outputs, inputs));
        }
        if (profile.Vectors is { } vectors)
        {
            foreach (string kind in vectors.Surfaces.Keys)
                foreach (double row in (ReadOnlySpan<double>)[4096, 16384, 131072])
                    Holds($"{kind} of {row} B", 1 << 16, rows => vectors.Seconds(device, kind, row, rows));
        }
        foreach ((int heads, int kvHeads) in (ReadOnlySpan<(int, int)>)[(1, 1), (32, 8), (64, 64), (128, 1)])
        {
            AttentionSite site = AttentionSite.Of(device, heads, kvHeads, 128);
            if (profile.Prefill is { } prefill) Holds($"prompt of {heads}/{kvHeads}", 1 << 17, tokens => prefill.Seconds(site, Chunk(tokens)));
            if (profile.Decode is not { } decode) continue;
            Holds($"context of {heads}/{kvHeads}", 1 << 18, context => decode.Seconds(site, 16, context));
            Holds($"decodes of {heads}/{kvHeads}", 4096, decodes => decode.Seconds(site, decodes, 1000));
        }
        if (profile.Experts is { } experts)
        {
            foreach (Precision format in (ReadOnlySpan<Precision>)[Precision.Bf16, Precision.Fp8])
                foreach ((int hidden, int width, int count, int ranks) in (ReadOnlySpan<(int, int, int, int)>)[(2048, 768, 128, 1), (7168, 2048, 256, 32), (4096, 14336, 8, 1)])
                    Holds($"{format} experts of {hidden} x {width}", 1 << 16, tokens => experts.Seconds(ExpertSite.Of(device, format, PrecisionSize.Bytes(format), hidden, width, 2, count, 1, ranks), tokens));
        }
        if (profile.Collectives is { } collectives)
        {
            foreach (CollectiveKind kind in Enum.GetValues<CollectiveKind>())
                foreach (int devices in (ReadOnlySpan<int>)[2, 8, 64])
                    Holds($"{kind} of {devices}", 1L << 34, bytes => collectives.Seconds(kind, Interconnect.Usual(device), devices, bytes));
        }

        void Holds(string what, long most, Func<long, double> seconds)
        {
            double before = 0;
            for (long size = 1; size <= most; size *= 2)
            {
                double now = seconds(size);
                Assert.True(double.IsFinite(now) && now > 0, $"{name} on {deviceName}, {what}, {size}: {before:G4} s, then {now:G4} s");
                before = now;
            }
        }
    }

    [Fact]
    public void A_device_without_tables_takes_those_of_its_chip_and_the_wider_errors()
    {
        DeviceProfile borrowed = Catalog.ProfileOf(Catalog.Device("h200-sxm")).Measured!;
        Assert.Equal("h100-sxm", borrowed.Name);
        Assert.True(borrowed.IsComplete);
        DeviceProfile transfer = Catalog.Profile(DeviceProfile.TransferName);
        Assert.Equal(transfer.Errors[ProfileFamily.Matrices].Spread, borrowed.Errors[ProfileFamily.Matrices].Spread);
        Assert.True(Catalog.ProfileOf(Catalog.Device("l40s")).Measured!.IsTransfer);
        Assert.Equal("h100-sxm", Catalog.ProfileOf(Catalog.Device("h100-sxm")).Measured!.Name);
    }

    [Fact]
    public void The_published_tables_give_the_shipped_profiles()
    {
        string? data = Environment.GetEnvironmentVariable("ORRERY_DATA");
        Assert.SkipWhen(string.IsNullOrEmpty(data), "ORRERY_DATA names no folder of published tables");
        string[] folders = [.. Tables.Select(folder => Path.Combine(data!, folder))];
        Assert.SkipUnless(folders.All(Directory.Exists), "some of the published tables are missing");
        IReadOnlyList<CalibrationSource> sources = ProfileCalibration.Sources(folders.SelectMany(MeasurementImport.Read), []);
        foreach (DeviceProfile shipped in Catalog.Profiles)
        {
            DeviceProfile made = shipped.IsTransfer ? ProfileCalibration.Transfer(sources) : ProfileCalibration.Device(Catalog.Device(shipped.Name), sources);
            Assert.Equal(YamlText.Write(made.Write()), YamlText.Write(shipped.Write()));
        }
    }

    private static PrefillWork Chunk(long tokens)
    {
        PrefillWork work = default;
        work.Add((int)tokens, 0, 1);
        return work;
    }
}
