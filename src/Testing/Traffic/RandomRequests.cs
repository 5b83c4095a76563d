using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;

namespace Orrery.Testing.Traffic;

/// <summary>Random request lists on a coarse time grid, so that arrivals, step ends and departures often share an instant.</summary>
public sealed record RandomRequests
{
    public int Count { get; init; } = 60;

    public int MaxPrompt { get; init; } = 300;

    public int MaxOutput { get; init; } = 80;

    /// <summary>Mean gap in grid cells.</summary>
    public int MeanGapCells { get; init; } = 12;

    public Duration Grid { get; init; } = Duration.FromMilliseconds(1);

    /// <summary>Share of requests whose user leaves early, and as many that time out.</summary>
    public double ImpatientShare { get; init; }

    /// <summary>Share of requests that start with one of a few shared prefixes.</summary>
    public double SharedShare { get; init; }

    /// <summary>Share of requests that state a limit on their output, from the true length to twice as much.</summary>
    public double LimitedShare { get; init; }

    /// <summary>Share of requests that call tools, up to three times.</summary>
    public double CallingShare { get; init; }

    /// <summary>Share of requests that are turns of a few conversations, whose prompts repeat earlier turns.</summary>
    public double SessionShare { get; init; }

    public int Clients { get; init; } = 3;

    public int Priorities { get; init; } = 1;

    public IReadOnlyList<Request> Make(RandomStream random)
    {
        List<Request> requests = [];
        Instant at = Instant.Zero;
        RandomStream sessions = random.Split("sessions");
        TokenSpan[][] said = [[], [], [], []];
        for (int i = 0; i < Count; i++)
        {
            at += Grid * random.NextInt(2 * MeanGapCells + 1);
            Request request = MakeOne(random, i, at);
            if (sessions.NextDouble() < SessionShare) request = MakeTurn(sessions, request, said);
            requests.Add(request);
        }
        return requests;
    }

    private Request MakeTurn(RandomStream random, Request request, TokenSpan[][] said)
    {
        int session = random.NextInt(said.Length);
        ulong words = 1000 + (2 * (ulong)request.Id);
        TokenSpan[] prompt = [.. said[session], new(words, 1 + random.NextInt(40))];
        if (prompt.Sum(span => span.Tokens) > MaxPrompt) prompt = [new(words, 1 + random.NextInt(40))];
        said[session] = [.. prompt, new(words + 1, request.OutputTokens)];
        return new()
        {
            Id = request.Id,
            Arrival = request.Arrival,
            PromptTokens = prompt.Sum(span => span.Tokens),
            OutputTokens = request.OutputTokens,
            MaxTokens = request.MaxTokens,
            Client = request.Client,
            Priority = request.Priority,
            CancelAfter = request.CancelAfter,
            Timeout = request.Timeout,
            Content = prompt,
            OutputContentId = words + 1,
            Session = session,
            Calls = request.Calls,
        };
    }

    private Request MakeOne(RandomStream random, int id, Instant at)
    {
        int prompt = 1 + random.NextInt(MaxPrompt);
        bool leaves = random.NextDouble() < ImpatientShare;
        bool timesOut = random.NextDouble() < ImpatientShare;
        bool shares = random.NextDouble() < SharedShare;
        int output = 1 + random.NextInt(MaxOutput);
        bool isLimited = random.NextDouble() < LimitedShare;
        bool isContinued = shares && random.NextDouble() < 0.5;
        Duration patience = Grid * (1 + random.NextInt(400));
        return new()
        {
            Id = id,
            Arrival = at,
            PromptTokens = prompt,
            OutputTokens = output,
            MaxTokens = isLimited ? output + random.NextInt(output + 1) : 0,
            Client = random.NextInt(Clients),
            Priority = random.NextInt(Priorities),
            CancelAfter = leaves ? patience : Duration.Infinite,
            Timeout = timesOut ? patience : Duration.Infinite,
            Content = shares ? [new TokenSpan((ulong)random.NextInt(3) + 1, isContinued ? prompt : 1 + random.NextInt(prompt))] : null,
            OutputContentId = isContinued ? 100 + (ulong)id : 0,
            Calls = random.NextDouble() < CallingShare ? MakeCalls(random, output) : null,
        };
    }

    private ToolCall[] MakeCalls(RandomStream random, int output)
    {
        List<ToolCall> calls = [];
        int after = 0;
        for (int i = 0; i < 3; i++)
        {
            after += 1 + random.NextInt(30);
            if (after > output) break;
            calls.Add(new(after, Grid * random.NextInt(60), random.NextInt(20)));
        }
        return [.. calls];
    }
}
