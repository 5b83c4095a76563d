using Orrery.Documents;
using Orrery.Engine.Attention;
using Orrery.Engine.Generation;
using Orrery.Engine.Sampling;
using Orrery.Kernel.Time;
using Orrery.Live.Replicas;
using Orrery.Live.Streams;
using Orrery.Serving.Systems;
using Orrery.Serving.Systems.Lamps;

namespace Orrery.Live.Tests.Replicas;

public sealed class CallsLiveTests
{
    public static TheoryData<string> Handlers() => [.. CallHandlers.Registry.Names];

    [Theory]
    [MemberData(nameof(Handlers))]
    public async Task Answers_go_on_behind_what_tools_return(string handler)
    {
        await using LiveHost host = LiveBench.Start(new()
        {
            Scheduler = new LampsOptions(),
            KvMemory = LiveBench.Pages(20),
            PrefixCache = false,
            Swap = handler is "swap" or "infercept" or "predicted" ? new() { Size = LiveBench.Pages(40) } : null,
            Calls = CallHandlers.Registry.Read(Node.Plain(handler)),
        });
        List<GenerationRequest> requests = [.. LiveBench.Mixed(6).Select((request, i) => request with { Calls = i % 3 == 2 ? null : Script(i) })];
        for (int round = 0; round < 2; round++)
        {
            Answer[] answers = await LiveBench.Run(host.Model(), requests);
            for (int i = 0; i < requests.Count; i++)
            {
                Assert.Equal(Expected(requests[i]), answers[i].Pieces.Where(piece => piece.Token is not null).Select(piece => piece.Token!.Value));
                Assert.Equal(StreamEnd.Length, answers[i].End);
            }
        }
        await LiveBench.AssertAllFree(host);
    }

    private static List<ScriptedCall> Script(int i) =>
    [
        new(new(2 + i, Duration.FromMilliseconds(2), 3), [5 + i, 6, 7]),
        new(new(9, Duration.FromMilliseconds(1), 0), []),
        new(new(11, Duration.FromMilliseconds(3), 20), [.. Enumerable.Range(30 + i, 20)]),
    ];

    /// <summary>The engine alone, with what tools return put between its tokens.</summary>
    private static int[] Expected(GenerationRequest request) => LiveBench.WithEngine(engine =>
    {
        using TransformerModel model = new(engine, KvType.F16, LiveBench.Context);
        using ITokenSequence sequence = model.CreateSequence();
        Sampler sampler = new(request.Sampling, model.VocabularySize);
        sampler.AcceptPrompt(request.Prompt);
        List<int> tokens = [.. request.Prompt];
        List<int> answer = [];
        int call = 0;
        while (answer.Count < request.MaxTokens)
        {
            sequence.Extend(tokens.Skip(sequence.Length).ToArray(), 1);
            int token = sampler.Next(sequence.Logits(0), tokens.Count);
            tokens.Add(token);
            answer.Add(token);
            sampler.Accept(token);
            while (request.Calls is { } calls && call < calls.Count && calls[call].Call.AfterTokens == answer.Count)
            {
                int[] returned = calls[call++].Returned;
                tokens.AddRange(returned);
                sampler.AcceptPrompt(returned);
            }
        }
        return answer.ToArray();
    });
}
