using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Traffic.Generators.Lengths;
using Orrery.Traffic.Generators.Marks;
using Orrery.Traffic.Readers;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Generators.Sources;

/// <summary>How the requests of a job are ordered.</summary>
public enum JobOrder
{
    /// <summary>At random: requests of one document are far apart.</summary>
    Shuffled,

    /// <summary>Document by document.</summary>
    Sorted,
}

/// <summary>An offline job: several queries to each of many documents, all present at the start.</summary>
public sealed record SharedPrefixJob
{
    public required int Documents { get; init; }

    /// <summary>Queries to a document, drawn once for each.</summary>
    public required IDistribution Degree { get; init; }

    /// <summary>Tokens of a document, drawn once for each; they stand in front of its queries.</summary>
    public required IDistribution PrefixTokens { get; init; }

    /// <summary>The query's own prompt tokens, and the output.</summary>
    public required ILengthModel Lengths { get; init; }

    public JobOrder Order { get; init; }
}

/// <summary>Plays a <see cref="SharedPrefixJob"/>. Both orders hold the very same requests.</summary>
/// <remarks>Streams: <c>degrees</c>, <c>documents</c>, <c>prompts</c>, <c>outputs</c>, <c>order</c>, <c>marks</c>. Four bytes a request are held.</remarks>
public sealed class SharedPrefixJobSource : ITrafficSource
{
    /// <summary>Most requests of a job: bounds its memory.</summary>
    public const int MostRequests = 10_000_000;

    private readonly SharedPrefixJob _job;
    private readonly Marker _marker;
    private readonly RandomStream _prompts;
    private readonly RandomStream _outputs;
    private readonly int[] _order;
    private readonly int[] _firstOf;
    private readonly TokenSpan[] _documents;
    private readonly long _count;
    private long _taken;

    /// <exception cref="Kernel.InputException">The job has more than <see cref="MostRequests"/>.</exception>
    public SharedPrefixJobSource(SharedPrefixJob job, RequestMarks marks, TrafficBudget budget, RandomStream random)
    {
        _job = job;
        _marker = new Marker(marks, random.Split("marks"));
        _prompts = random.Split("prompts");
        _outputs = random.Split("outputs");
        RandomStream degrees = random.Split("degrees");
        RandomStream texts = random.Split("documents");
        _documents = new TokenSpan[job.Documents];
        _firstOf = new int[job.Documents];
        long total = 0;
        for (int i = 0; i < job.Documents; i++)
        {
            _firstOf[i] = (int)total;
            _documents[i] = new(texts.NextUInt64() | 1, Tokens.Whole(job.PrefixTokens.Sample(texts)));
            total += Tokens.Whole(job.Degree.Sample(degrees));
            if (total > MostRequests) throw new Kernel.InputException($"the job has more than {MostRequests} requests; lower 'documents' or 'degree'");
        }
        _order = new int[total];
        for (int i = 0; i < total; i++) _order[i] = i;
        if (job.Order == JobOrder.Shuffled) Shuffle(_order, random.Split("order"));
        // All arrive at time zero, which every duration includes.
        _count = Math.Min(total, budget.Requests ?? total);
    }

    public Instant NextArrival => _taken < _count ? Instant.Zero : Instant.Never;

    public long? ExpectedRequests => _count;

    public int ClientCount => _marker.ClientCount;

    public string ClientName(int client) => _marker.ClientName(client);

    public Request Take()
    {
        if (_taken >= _count) throw new InvalidOperationException("no request is pending");
        int request = _order[_taken];
        int document = Array.BinarySearch(_firstOf, request);
        if (document < 0) document = ~document - 1;
        TraceRow row = TraceRow.Blank;
        // Streams by request, not by turn: the order changes nobody's lengths.
        _job.Lengths.Draw(_prompts.Split(request), _outputs.Split(request), out row.PromptTokens, out row.OutputTokens);
        row.PromptTokens += _documents[document].Tokens;
        row.Content = [_documents[document]];
        _marker.Apply(ref row);
        return row.ToRequest(_taken++, Instant.Zero);
    }

    public void Dispose()
    {
    }

    /// <summary>Fisher and Yates.</summary>
    private static void Shuffle(int[] values, RandomStream random)
    {
        for (int i = values.Length - 1; i > 0; i--)
        {
            int other = random.NextInt(i + 1);
            (values[i], values[other]) = (values[other], values[i]);
        }
    }
}
