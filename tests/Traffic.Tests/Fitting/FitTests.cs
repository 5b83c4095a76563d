using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Random;
using Orrery.Testing.Data;
using Orrery.Traffic.Catalogue;
using Orrery.Traffic.Description;
using Orrery.Traffic.Fitting;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Tests.Fitting;

public class FitTests
{
    [Theory]
    [InlineData("azure-code-2023", "traces-azure-llm-2023")]
    [InlineData("azure-conv-2023", "traces-azure-llm-2023")]
    [InlineData("mooncake-conversation", "traces-mooncake-fast25")]
    [InlineData("servegen-m-mid", "traces-servegen")]
    public void Fitting_again_gives_the_committed_file(string name, string folder)
    {
        string? data = PublicData.Folder;
        if (data is null || !Directory.Exists(
            Path.Combine(data, folder))) Assert.Skip("the public traces are not here; set ORRERY_DATA to their folder");
        Assert.True(Node.SameTree(FittedTraffic.Load(name).Root, Document.Parse(TrafficFit.Fit(name, data), "fit")),
            $"catalog/traffic/{name}.yaml is not what the fit gives now");
    }

    [Theory]
    [InlineData("azure-code-2023", 0.03, 0.03)]
    [InlineData("azure-conv-2023", 0.03, 0.02)]
    [InlineData("mooncake-conversation", 0.04, 0.02)]
    [InlineData("servegen-m-mid", 0.02, 0.02)]
    public void The_stated_length_errors_are_small(string name, double prompt, double output)
    {
        Node errors = FittedTraffic.Load(name).Fit["errors"]!;
        Assert.InRange(errors["promptKolmogorovSmirnov"]!.AsNumber(), 0, prompt);
        Assert.InRange(errors["outputKolmogorovSmirnov"]!.AsNumber(), 0, output);
    }

    [Theory]
    [InlineData("azure-code-2023", 0.1)]
    [InlineData("azure-conv-2023", 0.03)]
    [InlineData("mooncake-conversation", 0.04)]
    public void Other_seeds_give_the_stated_statistics(string name, double tolerance)
    {
        using ITrafficSource source = Sources.Spec($"{{generator: {name}}}").Open(RandomStream.Root(77));
        TrafficDescription d = TrafficDescription.Of(source);
        Node data = FittedTraffic.Load(name).Fit["data"]!;
        Near(data, "promptMean", d.PromptTokens.Mean, 0.05);
        Near(data, "outputMean", d.OutputTokens.Mean, 0.05);
        Near(data, "promptP90", d.PromptTokens.Quantile(0.9), 0.1);
        Near(data, "outputP50", d.OutputTokens.Quantile(0.5), 0.1);
        Near(data, "ratePerSecond", d.RatePerSecond, tolerance * 2);
        Assert.InRange(d.Prefixes.HitFraction, data["prefixHitFraction"]!.AsNumber() - 0.03, data["prefixHitFraction"]!.AsNumber() + 0.03);
    }

    [Fact]
    public void ShareGpt_like_has_the_published_quantiles()
    {
        TrafficDescription d = Sources.Describe("{generator: sharegpt-like, requests: 50000}");
        Node published = FittedTraffic.Load("sharegpt-like").Fit["statistics"]!;
        Near(published, "promptMedian", d.PromptTokens.Quantile(0.5), 0.03);
        Near(published, "promptP90", d.PromptTokens.Quantile(0.9), 0.03);
        Near(published, "outputMedian", d.OutputTokens.Quantile(0.5), 0.03);
        Near(published, "outputP90", d.OutputTokens.Quantile(0.9), 0.03);
        Assert.True(d.PromptTokens.Max + d.OutputTokens.Max <= 8192);
    }

    [Fact]
    public void An_unknown_fit_is_a_designed_error() =>
        Assert.Contains("did you mean 'azure-conv-2023'",
            Assert.Throws<InputException>(() => TrafficFit.Fit("azure-conv-203", ".")).Message, StringComparison.Ordinal);

    private static void Near(Node stated, string key, double value, double relative)
    {
        double expected = stated[key]!.AsNumber();
        Assert.True(Math.Abs((value / expected) - 1) <= relative, $"{key}: {value} is not within {relative:P0} of {expected}");
    }
}
