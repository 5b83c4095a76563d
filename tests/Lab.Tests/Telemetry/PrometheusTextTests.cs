using Orrery.Kernel;
using Orrery.Lab.Telemetry;

namespace Orrery.Lab.Tests.Telemetry;

public sealed class PrometheusTextTests
{
    private const string Exposition = """
        # HELP vllm:num_preemptions_total Cumulative number of preemption from the engine.
        # TYPE vllm:num_preemptions_total counter
        vllm:num_preemptions_total{engine="0",model_name="a \"b\\c\" {x}, y"} 3.0
        vllm:num_preemptions_total{engine="1"} 4 1395066363000

        vllm:cache_config_info{block_size="16",num_gpu_blocks="2588",engine="0"} 1.0
        vllm:cache_config_info{block_size="16",num_gpu_blocks="None",engine="1"} 1.0
        vllm:time_to_first_token_seconds_bucket{le="0.1"} 10
        vllm:time_to_first_token_seconds_bucket{le="0.2",} 30 # {trace_id="x"} 0.15
        vllm:time_to_first_token_seconds_bucket{le="+Inf"} 40
        vllm:time_to_first_token_seconds_sum 8
        vllm:time_to_first_token_seconds_count 40
        vllm:e2e_request_latency_seconds_sum NaN
        python_info{version="3"} 1
        go_threads +Inf
        """;

    [Fact]
    public void Blocks_preemptions_and_quantiles_are_found()
    {
        VllmExposition read = VllmExposition.Of(PrometheusText.Parse(Exposition, "m.txt"), "m.txt");
        Assert.Equal((2588, 7.0), (read.Blocks, read.Preemptions));
        // Half of 40 lies midway between 10 and 30, so midway between 0.1 and 0.2; the 38th is in the open bucket.
        Assert.Equal((0.2, 0.15, 40.0), (read.Ttft!.Mean, Math.Round(read.Ttft.P50, 12), read.Ttft.Count));
        Assert.True(double.IsNaN(read.Ttft.P95));
        Assert.Null(read.Latency);
        Assert.Null(read.Gap);
    }

    [Fact]
    public void Labels_are_unescaped_and_special_values_are_numbers()
    {
        IReadOnlyList<PrometheusSample> samples = PrometheusText.Parse(Exposition, "m.txt");
        Assert.Equal("a \"b\\c\" {x}, y", samples[0].Labels["model_name"]);
        Assert.Equal("line\nfeed", PrometheusText.Parse("x{a=\"line\\nfeed\"} 1", "m.txt")[0].Labels["a"]);
        Assert.True(double.IsNaN(samples.Single(s => s.Name == "vllm:e2e_request_latency_seconds_sum").Value));
        Assert.Equal(double.PositiveInfinity, samples[^1].Value);
    }

    [Theory]
    [InlineData("x{a=\"b} 1", "m.txt:1: the quote")]
    [InlineData("\n\nx{a=b} 1", "m.txt:3: expected '\"'")]
    [InlineData("x{a=\"b\"", "m.txt:1: expected ',' or '}'")]
    [InlineData("x{a=\"b\",a=\"c\"} 1", "m.txt:1: the label 'a' occurs twice")]
    [InlineData("x one", "m.txt:1: 'one' is not a number")]
    [InlineData("x", "m.txt:1: expected a value")]
    [InlineData("x 1 2 3", "m.txt:1: expected a value")]
    [InlineData("x 1 now", "m.txt:1: 'now' is not a time stamp")]
    [InlineData("<html>", "m.txt:1: expected a metric name at column 1")]
    public void Malformed_lines_are_named(string text, string start) =>
        Assert.StartsWith(start, Assert.Throws<InputException>(() => PrometheusText.Parse(text, "m.txt")).Message, StringComparison.Ordinal);

    [Fact]
    public void An_exposition_of_another_program_is_refused() =>
        Assert.StartsWith("m.txt: there is no metric of vLLM", Assert.Throws<InputException>(() => VllmExposition.Of([], "m.txt")).Message, StringComparison.Ordinal);

    [Fact]
    public void Whatever_is_damaged_is_read_or_refused_in_one_sentence()
    {
        const string marks = "{}\"\\=,# \n\0é9-+eNaN:_";
        Orrery.Kernel.Random.RandomStream random = Orrery.Kernel.Random.RandomStream.Root(7);
        for (int round = 0; round < 3000; round++)
        {
            char[] damaged = Exposition.ToCharArray();
            for (int i = 0; i < 3; i++) damaged[(int)(random.NextDouble() * damaged.Length)] = marks[(int)(random.NextDouble() * marks.Length)];
            string text = new(damaged, 0, (int)(random.NextDouble() * damaged.Length));
            try
            {
                VllmExposition.Of(PrometheusText.Parse(text, "m.txt"), "m.txt");
            }
            catch (InputException refused)
            {
                Assert.StartsWith("m.txt", refused.Message, StringComparison.Ordinal);
            }
        }
    }
}
