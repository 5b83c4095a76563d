using Orrery.Engine.Generation;
using Orrery.Engine.Sampling;
using Orrery.Live.Replicas;
using Orrery.Live.Streams;
using Orrery.Serving.Drafting;
using Orrery.Serving.Systems.VllmV0;

namespace Orrery.Live.Tests.Replicas;

public sealed class DraftsLiveTests
{
    private const int Drafts = 3;

    [Theory]
    [InlineData(60)]
    [InlineData(12)]
    public async Task Looking_proposals_up_changes_no_token(int pages)
    {
        await using LiveHost host = LiveBench.Start(new()
        {
            Scheduler = new VllmV0Options(),
            KvMemory = LiveBench.Pages(pages),
            Draft = new(new FixedDraftsOptions { Tokens = Drafts }, null, 2),
        });
        List<GenerationRequest> requests = [.. LiveBench.Mixed(8, 40), LiveBench.Request("the children of Israel and the children of Israel and the children of", 30, sampling: new() { Temperature = 0 })];
        Answer[] answers = await LiveBench.Run(host.Model(), requests);
        LiveBench.AssertAlone(requests, answers);
        Assert.True(host.Model().Replica.Counters.AcceptedTokens > 0);
        await LiveBench.AssertAllFree(host);
    }

    [Fact]
    public async Task A_draft_model_gives_greedy_answers_as_without_and_sampled_ones_as_the_engine()
    {
        string path = LiveBench.ModelFile();
        try
        {
            await using LiveHost host = LiveBench.Start(new() { Draft = new(new FixedDraftsOptions { Tokens = Drafts }, path, 0) });
            List<GenerationRequest> greedy = [.. LiveBench.Mixed(4).Select(request => request with { Sampling = request.Sampling with { Temperature = 0 } })];
            List<GenerationRequest> sampled = LiveBench.Mixed(5);
            Answer[] answers = await LiveBench.Run(host.Model(), [.. greedy, .. sampled]);
            LiveBench.AssertAlone(greedy, answers[..greedy.Count]);
            for (int i = 0; i < sampled.Count; i++)
            {
                SamplingOptions options = sampled[i].Sampling;
                Answer expected = LiveBench.Alone(sampled[i], drafter: model => new DraftModel(model, model.VocabularySize, options, Drafts));
                Assert.Equal(expected.Line, answers[greedy.Count + i].Line);
            }
            // A model that drafts for itself is always right.
            Assert.Equal(host.Model().Replica.Counters.DraftedTokens, host.Model().Replica.Counters.AcceptedTokens);
            await LiveBench.AssertAllFree(host);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
