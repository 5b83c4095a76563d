using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;
using Orrery.Traffic.Specs;

namespace Orrery.Serving.Planning;

/// <summary>
/// Prompt and output lengths that planners probe with, under Poisson arrivals of any rate. The same seed gives the same lengths at every rate.
/// </summary>
/// <param name="Name">What an option takes.</param>
/// <param name="Block">A <c>traffic:</c> block; only its lengths count.</param>
/// <param name="LeastPrompt">Shortest prompt that is kept.</param>
/// <param name="MostTotal">Prompt and output together; longer requests are drawn again.</param>
/// <param name="IsIndependent">Prompts and outputs are drawn apart from each other, whatever the block says.</param>
/// <param name="Source">Where the lengths come from.</param>
public sealed record ProbeWorkload(string Name, string Block, int LeastPrompt, int MostTotal, bool IsIndependent, string Source)
{
    /// <summary>A window that no draw ever falls into would otherwise be looked for without end.</summary>
    private const int MostDraws = 10_000;

    private const int DrawsBetweenChecks = 4096;

    /// <summary>The data sets of DistServe, which are not public as tokens: log-normals through published means, cut as its code cuts them.</summary>
    public static readonly IReadOnlyList<ProbeWorkload> Chats =
    [
        new("sharegpt", "{generator: poisson, rate: 1/s, requests: 1000000, prompt: {lognormal: {median: 860, sigma: 0.93, min: 4, max: 2047}}, output: {lognormal: {median: 178, sigma: 0.545, min: 4, max: 1024}}}",
            4, 2047, false, "means 755 and 200 of the paper (c), spread of Sarathi-Serve's table of the same data (b), total below 2,048 (b)"),
        new("humaneval", "{generator: poisson, rate: 1/s, requests: 1000000, prompt: {lognormal: {median: 151, sigma: 0.5, min: 4, max: 2047}}, output: {lognormal: {median: 87, sigma: 0.5, min: 4, max: 1024}}}",
            4, 2047, false, "means 171 and 98 of the paper (c); spread (d)"),
        new("longbench", "{generator: poisson, rate: 1/s, requests: 1000000, prompt: {uniform: {min: 1900, max: 2039}}, output: {lognormal: {median: 65, sigma: 0.8, min: 1, max: 140}}}",
            1900, 2040, false, "prompts of 1,900 to 2,048 tokens, total at most 2,040 (b); outputs of mean 91 before that cut, as in the paper (c), spread (d)"),
    ];

    /// <summary>The hours of Azure's services that Splitwise was built for: lengths of the fits, drawn independently as its experiments do.</summary>
    public static readonly IReadOnlyList<ProbeWorkload> Services =
    [
        new("conversation", "{generator: azure-conv-2023}", 1, int.MaxValue, true, "fit to the Azure trace of 2023 (b)"),
        new("code", "{generator: azure-code-2023}", 1, int.MaxValue, true, "fit to the Azure trace of 2023 (b)"),
    ];

    /// <summary>Requests from time 0 on.</summary>
    /// <param name="ratePerSecond">Of the Poisson arrivals.</param>
    /// <param name="count">How many.</param>
    /// <param name="random">Streams <c>gaps</c>, <c>prompts</c> and <c>outputs</c>.</param>
    /// <param name="cancel">Ends it with <see cref="OperationCanceledException"/>.</param>
    public IReadOnlyList<Request> Draw(double ratePerSecond, int count, RandomStream random, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(random);
        TrafficSpec spec = TrafficSpec.Read(Document.Parse(Block, Name));
        using Lengths prompts = new(spec, random.Split("prompts"));
        using Lengths outputs = new(spec, random.Split("outputs"));
        RandomStream gaps = random.Split("gaps");
        double gapSeconds = 1 / ratePerSecond;
        double seconds = 0;
        Request[] requests = new Request[count];
        for (int i = 0; i < count; i++)
        {
            if (i % DrawsBetweenChecks == 0) cancel.ThrowIfCancellationRequested();
            (int prompt, int output) = Next(prompts, outputs);
            seconds += -gapSeconds * Math.Log(gaps.NextPositive());
            requests[i] = new() { Id = i, Arrival = Instant.FromSeconds(seconds), PromptTokens = prompt, OutputTokens = output };
        }
        return requests;
    }

    private (int Prompt, int Output) Next(Lengths prompts, Lengths outputs)
    {
        for (int draw = 0; draw < MostDraws; draw++)
        {
            (int prompt, int output) = prompts.Next();
            if (IsIndependent) output = outputs.Next().Output;
            if (prompt >= LeastPrompt && prompt + (long)output <= MostTotal) return (prompt, output);
        }
        throw new InputException($"{Name}: no request of {MostDraws} has a prompt of {LeastPrompt} tokens and at most {MostTotal} in all");
    }

    /// <summary>The lengths of a traffic source, from its beginning again when it ends.</summary>
    private sealed class Lengths(TrafficSpec spec, RandomStream random) : IDisposable
    {
        private ITrafficSource _source = spec.Open(random.Split(0));
        private int _round;

        public (int Prompt, int Output) Next()
        {
            if (_source.NextArrival.IsNever)
            {
                _source.Dispose();
                _source = spec.Open(random.Split(++_round));
            }
            Request request = _source.Take();
            return (request.PromptTokens, request.OutputTokens);
        }

        public void Dispose() => _source.Dispose();
    }
}
