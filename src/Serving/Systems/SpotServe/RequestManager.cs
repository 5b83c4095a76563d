using System.Numerics;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;

namespace Orrery.Serving.Systems.SpotServe;

/// <summary>One request of the run.</summary>
/// <param name="id">In order of arrival.</param>
internal sealed class SpotRequest(int id, Instant arrival)
{
    public int Id { get; } = id;

    public Instant Arrival { get; } = arrival;

    /// <summary>Tokens that its client has; a token computed again is not delivered again.</summary>
    public int Delivered { get; set; }

    /// <summary>Its prompt went through the model once.</summary>
    public bool HadPrompt { get; set; }

    /// <summary>Never, until its last token is delivered.</summary>
    public Instant Finished { get; set; } = Instant.Never;
}

/// <summary>Requests that go through a replica together, all at the same token.</summary>
internal sealed class SpotBatch(IReadOnlyList<SpotRequest> requests)
{
    public IReadOnlyList<SpotRequest> Requests { get; } = requests;

    public bool PromptDone { get; set; }

    /// <summary>Tokens of each request, committed one by one.</summary>
    public int Tokens { get; set; }
}

/// <summary>
/// The queue, first come first served, in static batches; interrupted requests keep their place by arrival. Counts every token.
/// </summary>
/// <remarks>SpotServe's request manager (b): the largest power of two that waits, at most the engine's batch.</remarks>
/// <param name="outputTokens">Of every request.</param>
internal sealed class RequestManager(int outputTokens)
{
    private readonly SortedSet<SpotRequest> _waiting = new(Comparer<SpotRequest>.Create(static (a, b) => a.Id.CompareTo(b.Id)));

    public int Arrived { get; private set; }

    public int Finished { get; private set; }

    public int Waiting => _waiting.Count;

    public long TokensDelivered { get; private set; }

    public long TokensComputed { get; private set; }

    /// <summary>Prompts that went through the model, each time.</summary>
    public long PromptsComputed { get; private set; }

    /// <summary>Requests whose prompts went through the model at least once.</summary>
    public long PromptsNeeded { get; private set; }

    public Instant LastFinish { get; private set; }

    /// <summary>From arrival to the last token, in nanoseconds.</summary>
    public QuantileSketch Latency { get; } = new();

    public void Arrive(Instant now) => _waiting.Add(new SpotRequest(Arrived++, now));

    /// <summary>How many requests the next batch has: a power of two; 0 when nobody waits.</summary>
    public int NextBatch(int most) => _waiting.Count == 0 ? 0 : 1 << BitOperations.Log2((uint)Math.Min(_waiting.Count, most));

    public SpotBatch Take(int count)
    {
        SpotRequest[] taken = [.. _waiting.Take(count)];
        foreach (SpotRequest request in taken) _waiting.Remove(request);
        return new SpotBatch(taken);
    }

    /// <summary>Gives up a batch: its requests wait again and start from their prompts.</summary>
    public void Return(SpotBatch batch)
    {
        foreach (SpotRequest request in batch.Requests) _waiting.Add(request);
    }

    public void PromptDone(SpotBatch batch)
    {
        batch.PromptDone = true;
        PromptsComputed += batch.Requests.Count;
        foreach (SpotRequest request in batch.Requests)
        {
            if (request.HadPrompt) continue;
            request.HadPrompt = true;
            PromptsNeeded++;
        }
    }

    public void TokenDone(SpotBatch batch, Instant now)
    {
        batch.Tokens++;
        foreach (SpotRequest request in batch.Requests)
        {
            TokensComputed++;
            if (batch.Tokens <= request.Delivered) continue;
            request.Delivered++;
            TokensDelivered++;
            if (request.Delivered != batch.Tokens) throw new InvalidOperationException($"request {request.Id} skipped a token");
            if (request.Delivered == outputTokens) Finish(request, now);
        }
    }

    private void Finish(SpotRequest request, Instant now)
    {
        request.Finished = now;
        LastFinish = now;
        Finished++;
        Latency.Add((now - request.Arrival).Nanoseconds);
    }
}
