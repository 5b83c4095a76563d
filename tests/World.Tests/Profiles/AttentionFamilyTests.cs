using Orrery.World.Profiles;

namespace Orrery.World.Tests.Profiles;

public sealed class AttentionFamilyTests
{
    private static readonly AttentionSite Site = new(300e12, 2e12, 100, 40e6, 32, 8, 128);

    [Fact]
    public void Chunks_that_fill_the_processors_run_at_peak_and_others_at_the_speed_of_their_blocks()
    {
        PrefillAttentionEfficiency ideal = new(0, Flat(PrefillAttentionEfficiency.AxisNames));
        PrefillWork full = default;
        full.Add(6400, 0);
        // 100 tiles × 32 heads = 32 rounds over 100 processors.
        Assert.Equal(4 * 128 * 32 * (6400.0 * 6401 / 2) / 300e12, ideal.Seconds(Site, full), 9);
        PrefillWork small = default;
        small.Add(64, 8192 - 64);
        Assert.Equal(4 * 128 * 64 * 8192.0 / 3e12, ideal.Seconds(Site, small), 9);
    }

    [Fact]
    public void Equal_chunks_added_one_by_one_or_together_are_the_same_work()
    {
        PrefillWork one = default;
        for (int i = 0; i < 3; i++) one.Add(100, 50);
        PrefillWork together = default;
        together.Add(100, 50, 3);
        Assert.Equal(one, together);
        Assert.Equal(6, one.Tiles);
    }

    [Fact]
    public void Decodes_read_keys_and_values_once_per_KV_head()
    {
        DecodeAttentionEfficiency ideal = new(1e-6, Flat(DecodeAttentionEfficiency.AxisNames), Skew(0.25));
        double bytes = (64 * 4096 * 8 * 512.0) + (2 * 64 * 32 * 128 * 2);
        Assert.Equal(1e-6 + (bytes / 2e12), ideal.Seconds(Site, 64, 4096), 12);
        Assert.Equal(0, ideal.Seconds(Site, 0, 0));
    }

    [Fact]
    public void Unequal_contexts_lie_between_the_mean_and_the_longest_and_equal_ones_are_unaffected()
    {
        DecodeAttentionEfficiency decode = new(1e-6, Flat(DecodeAttentionEfficiency.AxisNames), Skew(0.25));
        double mean = decode.Seconds(Site, 16, 1000);
        double longest = decode.Seconds(Site, 16, 8000);
        Assert.Equal(mean + (0.25 * (longest - mean)), decode.Seconds(Site, 16, 1000, 8000, 1), 12);
        Assert.Equal(mean, decode.Seconds(Site, 16, 1000, 1000, 1));
        Assert.Equal(0, decode.SkewShare(Site, 1));
    }

    [Theory]
    [InlineData(16, 0, 4, 4096)]
    [InlineData(512, 2048, 64, 1024)]
    [InlineData(2048, 0, 256, 128)]
    public void A_shared_kernel_takes_no_less_than_the_chunks_and_grows_with_the_decodes(int tokens, int history, int decodes, int context)
    {
        MixedAttentionEfficiency mixed = new(MixedKernels.Shared, SharedKernel.Usual, MixedAttentionEfficiency.NoCorrection());
        PrefillAttentionEfficiency prefill = new(8e-6, Flat(PrefillAttentionEfficiency.AxisNames));
        PrefillWork work = default;
        work.Add(tokens, history);
        double alone = prefill.Seconds(Site, work);
        double some = mixed.Seconds(Site, work, alone, decodes, context, context, 0);
        Assert.True(some >= alone);
        Assert.True(mixed.Seconds(Site, work, alone, 2 * decodes, context, context, 0) >= some);
        Assert.True(mixed.Seconds(Site, work, alone, decodes, context, 4 * context, 0) >= some);
        Assert.Equal(alone, mixed.Seconds(Site, work, alone, 0, 0, 0, 0));
    }

    [Fact]
    public void Separate_kernels_add_up()
    {
        PrefillWork work = default;
        work.Add(512, 0);
        Assert.Equal(5, MixedAttentionEfficiency.OneAfterTheOther.Seconds(Site, work, 2, 8, 100, 100, 3));
    }

    [Fact]
    public void Families_read_back_what_they_write()
    {
        PrefillAttentionEfficiency prefill = new(9.125e-6, Flat(PrefillAttentionEfficiency.AxisNames));
        Assert.Equal(Text(prefill.Write()), Text(PrefillAttentionEfficiency.Read(Parse(prefill.Write())).Write()));
        DecodeAttentionEfficiency decode = new(9.125e-6, Flat(DecodeAttentionEfficiency.AxisNames), Skew(0.25));
        Assert.Equal(Text(decode.Write()), Text(DecodeAttentionEfficiency.Read(Parse(decode.Write())).Write()));
        MixedAttentionEfficiency mixed = new(MixedKernels.Shared, SharedKernel.Usual, MixedAttentionEfficiency.NoCorrection());
        Assert.Equal(mixed.Law, MixedAttentionEfficiency.Read(Parse(mixed.Write())).Law);
        Assert.Equal(MixedKernels.Separate, MixedAttentionEfficiency.Read(Parse(MixedAttentionEfficiency.OneAfterTheOther.Write())).Kernels);
    }

    private static Documents.Node Parse(Documents.Node node) => Documents.Document.Parse(Text(node), "profile.yaml");

    private static string Text(Documents.Node node) => Documents.YamlText.Write(node);

    private static EfficiencySurface Flat(IReadOnlyList<string> axes) => new([.. axes.Select(name => new SurfaceAxis(name, 1))], [0]);

    private static EfficiencySurface Skew(double share) => EfficiencySurface.Constant("occupancy", share);
}
