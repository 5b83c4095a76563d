using Orrery.Kernel.Time;
using Orrery.Serving.Systems.SpotServe;

namespace Orrery.Serving.Tests.Systems.SpotServe;

public sealed class PlannerTests
{
    private static readonly ConfigurationOptimiser Gpt20 = new(LayerProfile.Gpt20, 12, 4);

    [Theory]
    [InlineData(48, 3, 8, 2, 12.12, 0.495)]
    [InlineData(44, 2, 8, 2, 12.96, 0.617)]
    [InlineData(40, 2, 8, 2, 12.96, 0.617)]
    [InlineData(36, 2, 8, 2, 12.96, 0.617)]
    [InlineData(32, 2, 8, 2, 12.96, 0.617)]
    [InlineData(28, 2, 4, 3, 14.46, 0.553)]
    [InlineData(24, 2, 4, 3, 14.46, 0.553)]
    [InlineData(20, 1, 8, 2, 12.96, 0.309)]
    [InlineData(16, 1, 8, 2, 12.96, 0.309)]
    [InlineData(12, 1, 4, 3, 14.46, 0.277)]
    public void Known_clusters_get_their_known_configurations(int gpus, int replicas, int tensor, int stages, double latencySeconds, double perSecond)
    {
        PlannedConfiguration? choice = Gpt20.Choose(gpus, 0.4, 128);
        Assert.NotNull(choice);
        Assert.Equal((replicas, tensor, stages), (choice.Configuration.Replicas, choice.Configuration.Tensor, choice.Configuration.Stages));
        Assert.Equal(latencySeconds, choice.LatencySeconds, 0.005);
        Assert.Equal(perSecond, choice.RequestsPerSecond, 0.0005);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(4)]
    [InlineData(0)]
    public void Too_few_GPUs_serve_nothing(int gpus) => Assert.Null(Gpt20.Choose(gpus, 0.4, 128));

    [Fact]
    public void Batches_and_slices_of_known_choices()
    {
        Assert.Equal(new Configuration(3, 2, 8, 2, 2, 1), Gpt20.Choose(48, 0.4, 128)!.Configuration);
        Assert.Equal(new Configuration(2, 2, 8, 4, 4, 1), Gpt20.Choose(40, 0.4, 128)!.Configuration);
    }

    [Fact]
    public void Latency_is_the_closed_form()
    {
        // B 4, M1 4, M2 1 on P 2, M 8: t1 = 32.2 · 22 · 5/4 + 7/4, t2 = 1.932 · 22 · 2 + 0.1, embed 0.607.
        double t1 = (32.2 * 22 * 5 / 4) + 1.75, t2 = (1.932 * 22 * 2) + 0.1;
        Assert.Equal(1.1 * (t1 + (128 * t2) + (2 * 0.607)) / 1000, Gpt20.Plan(new Configuration(2, 2, 8, 4, 4, 1), 128).LatencySeconds, 1e-12);
    }

    [Fact]
    public void The_search_keeps_its_rules_and_none_is_better()
    {
        foreach (LayerProfile profile in LayerProfile.All)
        {
            ConfigurationOptimiser optimiser = new(profile, profile.LeastGpus, 4);
            for (int gpus = 0; gpus <= 48; gpus += 4)
            {
                PlannedConfiguration[] all = [.. optimiser.All(gpus, 128)];
                PlannedConfiguration? choice = optimiser.Choose(gpus, profile.RequiredRate, 128);
                Assert.Equal(gpus < profile.LeastGpus, choice is null);
                Assert.All(all, option =>
                {
                    Configuration c = option.Configuration;
                    Assert.True(c.Gpus <= gpus && c.GpusPerReplica >= profile.LeastGpus && profile.PaddedLayers % c.Stages == 0);
                    Assert.True(c.Batch <= 4 && c.PromptSlices <= c.Batch && c.TokenSlices <= c.Batch);
                });
                if (choice is null) continue;
                bool carries = choice.RequestsPerSecond >= profile.RequiredRate;
                Assert.DoesNotContain(all, option => carries
                    ? option.RequestsPerSecond >= profile.RequiredRate && option.LatencySeconds < choice.LatencySeconds
                    : option.RequestsPerSecond > choice.RequestsPerSecond);
            }
        }
    }

    [Theory]
    [InlineData(20, 1, 0.1, 128, 128)]
    [InlineData(5, 1, 0.1, 128, 41)]
    [InlineData(1, 1, 0.1, 128, 1)]
    [InlineData(0.95, 1, 0.1, 128, 0)]
    [InlineData(0.89, 1, 0.1, 128, 0)]
    [InlineData(-3, 1, 0.1, 128, 0)]
    public void Tokens_that_fit_into_a_slack(double slackSeconds, double prompt, double token, int output, int expected) =>
        Assert.Equal(expected, InterruptionArranger.TokensThatFit(Duration.FromSeconds(slackSeconds), new BatchTimes(prompt, token), output));

    [Fact]
    public void Replicas_stop_just_in_time()
    {
        Instant now = Instant.FromSeconds(570), deadline = Instant.FromSeconds(600), ready = Instant.FromSeconds(580);
        Assert.Equal(Instant.FromSeconds(592), InterruptionArranger.StopAt(now, deadline, Instant.Zero, Duration.FromSeconds(8)));
        Assert.Equal(now, InterruptionArranger.StopAt(now, deadline, Instant.Zero, Duration.FromSeconds(40)));
        Assert.Equal(ready, InterruptionArranger.StopAt(now, Instant.Never, ready, Duration.FromSeconds(8)));
    }
}
