using Orrery.Live.Replicas;
using Orrery.Live.Streams;

namespace Orrery.Live.Tests.Replicas;

public sealed class LiveModelTests
{
    [Fact]
    public async Task One_request_gets_the_answer_that_the_engine_gives_alone()
    {
        await using LiveHost host = LiveBench.Start(new());
        GenerationRequest request = LiveBench.Request("In the beginning", 20);
        Answer[] answers = await LiveBench.Run(host.Model(), [request]);
        LiveBench.AssertAlone([request], answers);
        await LiveBench.AssertAllFree(host);
    }

    [Fact]
    public async Task A_batch_of_requests_gets_the_answers_of_each_alone()
    {
        await using LiveHost host = LiveBench.Start(new());
        List<GenerationRequest> requests = LiveBench.Mixed(12);
        Answer[] answers = await LiveBench.Run(host.Model(), requests);
        LiveBench.AssertAlone(requests, answers);
        await LiveBench.AssertAllFree(host);
    }
}
