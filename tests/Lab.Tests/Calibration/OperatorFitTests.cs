using Orrery.Documents;
using Orrery.Lab.Calibration;
using Orrery.World.Catalogue;
using Orrery.World.Hardware;
using Orrery.World.Measurements;
using Orrery.World.Profiles;

namespace Orrery.Lab.Tests.Calibration;

/// <summary>Fits recover families that made their samples, keep measured points, and read back what they write.</summary>
public sealed class OperatorFitTests
{
    private static readonly DeviceSpec Device = Catalog.Device("a100-sxm-80gb");
    private static readonly int[] Powers = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096];

    [Fact]
    public void A_kernel_at_half_its_ideal_speed_is_recovered_everywhere_between_the_samples()
    {
        AttentionTable table = new(Device, [.. Prefills(2), .. Decodes(2)]);
        PrefillAttentionEfficiency prefill = AttentionFit.Prefill(table)!;
        DecodeAttentionEfficiency decode = AttentionFit.Decode(table)!;
        Assert.InRange(OperatorErrors.Prefill(prefill, table).Mape, 0, 0.02);
        Assert.InRange(OperatorErrors.Decode(decode, table).Mape, 0, 0.02);
        AttentionSite site = AttentionSite.Of(Device, 32, 8, 128);
        PrefillWork work = default;
        work.Add(3000, 0);
        Assert.InRange(prefill.Seconds(site, work) / (2 * PrefillAttentionEfficiency.IdealSeconds(site, work, 0)), 0.97, 1.03);
        Assert.InRange(decode.Seconds(site, 48, 3000) / (2 * DecodeAttentionEfficiency.IdealSeconds(site, 48, 3000, 1, 0)), 0.97, 1.03);
    }

    [Fact]
    public void Tables_are_exact_on_what_was_measured_whatever_it_was()
    {
        AttentionTable table = new(Device, [.. Prefills(2, Bumpy), .. Decodes(2, Bumpy), .. Mixed(Bumpy)]);
        PrefillAttentionEfficiency prefill = AttentionFit.PrefillTable(table)!;
        DecodeAttentionEfficiency decode = AttentionFit.DecodeTable(table)!;
        Assert.InRange(OperatorErrors.Prefill(prefill, table).P95, 0, 1e-9);
        Assert.InRange(OperatorErrors.Decode(decode, table).P95, 0, 1e-9);
        MixedAttentionEfficiency mixed = MixedFit.MixedTable(table);
        foreach (AttentionSample s in table.Mixed)
            Assert.Equal(s.Seconds, mixed.Seconds(table.Site(s), AttentionTable.Work(s), 0, s.Decodes, s.DecodeContext, s.DecodeContext, 0), 1e-9 * s.Seconds);
    }

    [Fact]
    public void Decodes_take_longer_with_context_and_with_sequences()
    {
        AttentionTable table = new(Device, Decodes(2));
        DecodeAttentionEfficiency decode = AttentionFit.Decode(table)!;
        AttentionSite site = AttentionSite.Of(Device, 32, 8, 128);
        for (int context = 64; context <= 4096; context += 96)
            Assert.True(decode.Seconds(site, 32, context + 96) > decode.Seconds(site, 32, context));
        for (int sequences = 8; sequences <= 128; sequences += 4)
            Assert.True(decode.Seconds(site, sequences + 4, 1000) > decode.Seconds(site, sequences, 1000));
    }

    [Fact]
    public void The_share_of_skew_is_recovered_and_lies_within_one()
    {
        const double share = 0.3;
        List<AttentionSample> samples = [.. Decodes(2)];
        AttentionSite site = AttentionSite.Of(Device, 32, 8, 128);
        foreach (int n in (int[])[8, 32, 128])
        {
            AttentionSample skewed = new("", 0, 0, 0, n, 512, n / 4, 4096, 32, 8, 128, 0);
            double mean = 2 * DecodeAttentionEfficiency.IdealSeconds(site, n, skewed.MeanDecodeContext, 1, 0);
            double longest = 2 * DecodeAttentionEfficiency.IdealSeconds(site, n, 4096, 1, 0);
            samples.Add(skewed with { Seconds = mean + (share * (longest - mean)) });
        }
        DecodeAttentionEfficiency decode = AttentionFit.Decode(new AttentionTable(Device, samples))!;
        foreach (int n in (int[])[2, 8, 32, 128, 512]) Assert.InRange(decode.SkewShare(site, n), 0.25, 0.35);
        Assert.All(AttentionFit.Decode(new AttentionTable(Device, Decodes(2)))!.Skew.Log2Ratios, log2 => Assert.True(log2 <= 0));
    }

    [Fact]
    public void Without_mixed_steps_the_kernels_are_taken_as_separate()
    {
        Assert.Equal(MixedKernels.Separate, MixedFit.Mixed(new AttentionTable(Device, Decodes(2))).Kernels);
        Assert.Null(AttentionFit.Prefill(new AttentionTable(Device, Decodes(2))));
        Assert.Null(ExpertFit.Experts(new ExpertTable(Device, [])));
    }

    [Fact]
    public void The_fastest_kernel_counts_and_repetitions_of_one_are_averaged()
    {
        AttentionSample slow = new("slow", 0, 0, 0, 4, 100, 0, 0, 32, 8, 128, 9e-6);
        AttentionSample fast = slow with { Kernel = "fast", Seconds = 4e-6 };
        AttentionTable table = new(Device, [slow, fast, fast with { Seconds = 6e-6 }]);
        Assert.Equal(5e-6, Assert.Single(table.Decode).Seconds, 12);
    }

    [Fact]
    public void Experts_are_recovered_and_even_routing_is_told_apart()
    {
        List<ExpertSample> samples = [];
        foreach (int tokens in Powers)
        {
            foreach (int width in (int[])[768, 1536, 3072])
            {
                ExpertSample s = new(Precision.Bf16, tokens, 2048, width, 8, 128, 1, 1, "power_law_1.01", null, 0);
                ExpertSite site = ExpertSite.Of(Device, Precision.Bf16, 2, 2048, width, 8, 128);
                double ideal = ExpertEfficiency.IdealSeconds(site, tokens, site.ExpectedTouched(tokens), 0);
                samples.Add(s with { Seconds = 1.5 * ideal });
                samples.Add(s with { Routing = "balanced", Seconds = 1.5 * 1.2 * ideal });
            }
        }
        ExpertTable table = new(Device, samples);
        ExpertEfficiency experts = ExpertFit.Experts(table)!;
        Assert.InRange(OperatorErrors.Experts(experts, table).Mape, 0, 0.03);
        Assert.InRange(OperatorErrors.Experts(ExpertFit.ExpertsTable(table)!, table).P95, 0, 1e-9);
        string text = YamlText.Write(experts.Write());
        ExpertEfficiency read = ExpertEfficiency.Read(Document.Parse(text, "experts.yaml"));
        Assert.Equal(text, YamlText.Write(read.Write()));
        ExpertSite one = ExpertSite.Of(Device, Precision.Bf16, 2, 2048, 1000, 8, 128);
        Assert.Equal(experts.Seconds(one, 100), read.Seconds(one, 100));
    }

    [Fact]
    public void A_fit_is_the_same_every_time_and_reads_back_as_it_was()
    {
        AttentionTable table = new(Device, [.. Prefills(2, Bumpy), .. Decodes(2, Bumpy), .. Mixed(Bumpy)]);
        string first = Text(table);
        Assert.Equal(first, Text(table));
        Assert.Equal(first, string.Concat(
            YamlText.Write(PrefillAttentionEfficiency.Read(Document.Parse(YamlText.Write(AttentionFit.Prefill(table)!.Write()), "a.yaml")).Write()),
            YamlText.Write(DecodeAttentionEfficiency.Read(Document.Parse(YamlText.Write(AttentionFit.DecodeTable(table)!.Write()), "b.yaml")).Write()),
            YamlText.Write(MixedAttentionEfficiency.Read(Document.Parse(YamlText.Write(MixedFit.Mixed(table).Write()), "c.yaml")).Write())));
    }

    private static string Text(AttentionTable table) => string.Concat(
        YamlText.Write(AttentionFit.Prefill(table)!.Write()),
        YamlText.Write(AttentionFit.DecodeTable(table)!.Write()),
        YamlText.Write(MixedFit.Mixed(table).Write()));

    /// <summary>A factor that follows nothing smooth.</summary>
    private static double Bumpy(int a, int b) => 1 + (((a * 7) + (b * 13)) % 10 * 0.05);

    private static IEnumerable<AttentionSample> Prefills(double ratio, Func<int, int, double>? factor = null)
    {
        foreach (int tokens in Powers.Where(p => p >= 64))
        {
            foreach (int chunks in (int[])[1, 4, 16])
            {
                PrefillWork work = default;
                work.Add(tokens, 0, chunks);
                double ideal = PrefillAttentionEfficiency.IdealSeconds(AttentionSite.Of(Device, 32, 8, 128), work, 0);
                yield return new("", chunks, tokens, 0, 0, 0, 0, 0, 32, 8, 128, ratio * ideal * (factor?.Invoke(tokens, chunks) ?? 1));
            }
        }
    }

    private static IEnumerable<AttentionSample> Decodes(double ratio, Func<int, int, double>? factor = null)
    {
        foreach (int context in Powers.Where(p => p >= 64).Append(8192))
        {
            foreach (int sequences in (int[])[1, 4, 16, 64, 256])
            {
                double ideal = DecodeAttentionEfficiency.IdealSeconds(AttentionSite.Of(Device, 32, 8, 128), sequences, context, 1, 0);
                yield return new("", 0, 0, 0, sequences, context, 0, 0, 32, 8, 128, ratio * ideal * (factor?.Invoke(context, sequences) ?? 1));
            }
        }
    }

    private static IEnumerable<AttentionSample> Mixed(Func<int, int, double> factor)
    {
        foreach (int tokens in (int[])[64, 512, 2048])
        {
            foreach (int context in (int[])[64, 512, 4096])
            {
                foreach (int decodes in (int[])[1, 16, 128])
                {
                    PrefillWork work = default;
                    work.Add(tokens, 0);
                    double law = SharedKernel.Usual.Seconds(AttentionSite.Of(Device, 32, 8, 128), work, decodes, context, context);
                    yield return new("", 1, tokens, 0, decodes, context, 0, 0, 32, 8, 128, law * factor(context, decodes + tokens));
                }
            }
        }
    }
}
