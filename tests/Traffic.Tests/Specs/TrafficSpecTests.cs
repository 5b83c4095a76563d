using Orrery.Kernel;
using Orrery.Kernel.Random;
using Orrery.Traffic.Catalogue;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Tests.Specs;

public class TrafficSpecTests
{
    [Theory]
    [InlineData("{rate: 5/s}", "needs either 'generator'")]
    [InlineData("{generator: poison, rate: 5/s}", "did you mean 'poisson'")]
    [InlineData("{generator: poisson, rate: 5/s, prompt: 1, output: 1}", "needs 'requests'")]
    [InlineData("{generator: poisson, rate: 5, requests: 1, prompt: 1, output: 1}", "rate")]
    [InlineData("{generator: poisson, rate: 5/s, requests: 1, prompt: 1, output: 1, promt: 3}", "promt")]
    [InlineData("{generator: poisson, rate: 5/s, requests: 1, prompt: {lognorm: {median: 5}}, output: 1}", "did you mean 'lognormal'")]
    [InlineData("{generator: poisson, rate: 5/s, requests: 1, prompt: {lognormal: {sigma: 5}}, output: 1}", "median")]
    [InlineData("{generator: poisson, rate: 5/s, requests: 1, prompt: {uniform: {min: 5, max: 4}}, output: 1}", "must be more than min")]
    [InlineData("{generator: poisson, rate: 5/s, requests: 1, output: 1}", "prompt")]
    [InlineData("{generator: gamma, rate: 5/s, requests: 1, prompt: 1, output: 1}", "cv")]
    [InlineData("{generator: mmpp, rate: 5/s, states: [], requests: 1, prompt: 1, output: 1}", "needs at least two states")]
    [InlineData("{generator: diurnal, rate: 5/s, hours: [1, 2], requests: 1, prompt: 1, output: 1}", "needs 24 factors")]
    [InlineData("{generator: profile, rate: 5/s, window: 0s, factors: [1], requests: 1, prompt: 1, output: 1}", "longer than 0s")]
    [InlineData("{generator: closed-loop, users: 2, think: 3, requests: 1, prompt: 1, output: 1}", "think")]
    [InlineData("{generator: azure-conv-2023, prompt: 5}", "'prompt' and 'output' go together")]
    [InlineData("{generator: azure-conv-2023, raet: 5/s}", "raet")]
    [InlineData("{generator: poisson, rate: 5/s, requests: 1, prompt: 1, output: 1, clients: []}", "at least one client")]
    [InlineData("{file: no-such-trace.csv}", "does not exist")]
    [InlineData("{generator: poisson, file: a.csv}", "either 'generator' or 'file'")]
    [InlineData("{generator: servegen, file: nowhere, requests: 5}", "does not exist")]
    public void Mistakes_are_designed_errors_with_a_place(string yaml, string part)
    {
        InputException error = Assert.Throws<InputException>(() => Sources.Spec(yaml));
        Assert.Contains("scenario.yaml:1:", error.Message, StringComparison.Ordinal);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    /// <summary>Quantiles of the lengths that Llumnix' artefact makes, at P50, P80, P95 and P99 (Sun et al., OSDI 2024, b).</summary>
    [Theory]
    [InlineData(128, 2.0, 35, 103, 412, 1682)]
    [InlineData(256, 1.5, 30, 163, 1285, 4576)]
    [InlineData(512, 1.15, 54, 596, 3127, 5262)]
    public void A_zipf_with_a_mean_makes_the_published_lengths(int mean, double skew, int p50, int p80, int p95, int p99)
    {
        string yaml = FormattableString.Invariant($"{{generator: poisson, rate: 5/s, requests: 40000, output: 1, prompt: {{zipf: {{mean: {mean}, skew: {skew}, max: 6144}}}}}}");
        int[] lengths = [.. Sources.All(Sources.Spec(yaml).Open(RandomStream.Root(1))).Select(request => request.PromptTokens).Order()];
        Assert.All([(0.5, p50), (0.8, p80), (0.95, p95), (0.99, p99)], ((double Level, int Tokens) quantile) =>
            Assert.InRange(lengths[(int)(quantile.Level * lengths.Length)], 0.88 * quantile.Tokens, 1.12 * quantile.Tokens));
        Assert.InRange(lengths[^1], p99, 6144);
    }

    [Fact]
    public void A_trace_is_found_beside_the_scenario_and_can_be_retimed()
    {
        string folder = Directory.CreateTempSubdirectory("orrery-traffic").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "t.csv"), "arrival_seconds,prompt_tokens,output_tokens\n0,1,1\n4,2,2\n");
            File.WriteAllText(Path.Combine(folder, "v.csv"), "num_prefill_tokens,num_decode_tokens\n3772,54\n10,5\n");
            Assert.Equal([0.0, 2.0], Open("{file: t.csv, speed: 2x}").Select(r => r.Arrival.Seconds));
            Assert.Equal([0.5, 1.0], Open("{file: v.csv, arrivals: constant, rate: 2/s}").Select(r => r.Arrival.Seconds));
            Assert.Equal([3772, 10], Open("{file: v.csv, rate: 2/s}").Select(r => r.PromptTokens));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        List<Request> Open(string yaml) => Sources.All(Sources.Spec(yaml, folder).Open(RandomStream.Root(1)));
    }

    [Fact]
    public void A_scenario_overrides_a_fitted_generator()
    {
        List<Request> rows = Sources.Generate("{generator: azure-conv-2023, rate: 50/s, duration: 60s, maxTokens: 99}");
        Assert.All(rows, r => Assert.Equal(99, r.MaxTokens));
        Assert.True(rows[^1].Arrival.Seconds < 60);
        Assert.Equal("azure-conv-2023", Sources.Spec("{generator: azure-conv-2023}").Name);
    }

    [Fact]
    public void ServeGen_statistics_become_clients()
    {
        string folder = Directory.CreateTempSubdirectory("orrery-servegen").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "x-rates.csv"),
                "client,window_start_s,rate_per_s,cv,interarrival_family,param1,param2\n0,0,2,1,Gamma,1,1\n0,600,4,3,Weibull,1,1\n1,600,1,1,Gamma,1,1\n");
            File.WriteAllText(Path.Combine(folder, "x-lengths.csv"),
                "client,window,field,p1,p5,p10,p25,p50,p75,p90,p95,p99,mean\n0,0,input_tokens,10,10,10,10,10,10,10,10,10,10\n0,0,output_tokens,3,3,3,3,3,3,3,3,3,3\n");
            List<Request> rows = Sources.All(
                Sources.Spec("{generator: servegen, file: x-rates.csv, duration: 1200s}", folder).Open(RandomStream.Root(1)));
            Assert.InRange(rows.Count(r => r.Arrival.Seconds < 600), 1050, 1350);
            Assert.InRange(rows.Count(r => r.Arrival.Seconds >= 600 && r.Client == 1), 500, 700);
            Assert.All(rows, r => Assert.Equal((10, 3), (r.PromptTokens, r.OutputTokens)));
            Assert.InRange(Sources.All(Sources.Spec($"{{generator: servegen, file: {folder}, rate: 1/s, duration: 1200s}}").Open(RandomStream.Root(1))).Count, 1000, 1400);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Every_catalogue_entry_is_complete()
    {
        Assert.Equal(["azure-code-2023", "azure-conv-2023", "mooncake-conversation", "servegen-m-mid", "sharegpt-like"],
            FittedTraffic.Names);
        foreach (string name in FittedTraffic.Names)
        {
            FittedTraffic fitted = FittedTraffic.Load(name);
            Assert.Equal(name, fitted.Name);
            Assert.NotEqual("", fitted.Doc + fitted.Source + fitted.Licence);
            Assert.NotNull(fitted.Fit["command"]);
        }
        Assert.All(GeneratorInfo.All, g => Assert.All(g.Keys, k => Assert.NotEqual("", k.Doc)));
    }
}
