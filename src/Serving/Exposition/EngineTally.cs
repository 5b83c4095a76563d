using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.Serving.Metrics;
using Orrery.Serving.Replicas;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Exposition;

/// <summary>What one replica did, as far as it does not count that itself.</summary>
/// <remarks>
/// The times of a request, all from its own instants: queue is arrival to first scheduled; prefill is first scheduled to first token; decode
/// is first to last token without pauses for tools; inference is prefill and decode together, time spent preempted included.
/// </remarks>
internal sealed class EngineTally(Replica replica, string modelName)
{
    public Replica Replica { get; } = replica;

    /// <summary>Labels of every sample of this replica.</summary>
    public string Labels { get; } = LabelsOf(replica, modelName);

    private readonly Dictionary<string, string> _withLabel = new(StringComparer.Ordinal);

    public string CacheLabels { get; } = LabelsOf(
        replica, modelName, ("block_size", Text(replica.Memory.BlockTokens)), ("num_gpu_blocks", Text(replica.Memory.TotalBlocks)),
        ("enable_prefix_caching", replica.Memory.SharesContent ? "True" : "False"));

    public BucketHistogram Ttft { get; } = new(BucketEdges.TimeToFirstToken);

    public BucketHistogram FineTtft { get; } = new(BucketEdges.FineTime);

    public BucketHistogram Gap { get; } = new(BucketEdges.TimePerToken);

    public BucketHistogram FineGap { get; } = new(BucketEdges.FineTime);

    public BucketHistogram Tpot { get; } = new(BucketEdges.TimePerToken);

    public BucketHistogram EndToEnd { get; } = new(BucketEdges.RequestTime);

    public BucketHistogram Queue { get; } = new(BucketEdges.RequestTime);

    public BucketHistogram Prefill { get; } = new(BucketEdges.RequestTime);

    public BucketHistogram Decode { get; } = new(BucketEdges.RequestTime);

    public BucketHistogram Inference { get; } = new(BucketEdges.RequestTime);

    public BucketHistogram PromptLengths { get; } = new(BucketEdges.RequestTokens(replica.MaxModelTokens));

    public BucketHistogram AnswerLengths { get; } = new(BucketEdges.RequestTokens(replica.MaxModelTokens));

    public BucketHistogram AnswerLimits { get; } = new(BucketEdges.RequestTokens(replica.MaxModelTokens));

    public BucketHistogram Answers { get; } = new(BucketEdges.Answers);

    public BucketHistogram Qoe { get; } = new(BucketEdges.Quality);

    public BucketHistogram StepTokens { get; } = new(BucketEdges.StepTokens);

    public BucketHistogram StepPrefillTokens { get; } = new(BucketEdges.StepTokens);

    public BucketHistogram StepDecodeTokens { get; } = new(BucketEdges.StepTokens);

    public BucketHistogram StepDraftTokens { get; } = new(BucketEdges.StepTokens);

    public BucketHistogram StepTime { get; } = new(BucketEdges.FineTime);

    /// <summary>Prompt tokens of requests that got their first token.</summary>
    public long PromptTokens { get; private set; }

    /// <summary>Prompt tokens of requests that left after a step had taken them, where prompts are looked up in a prefix cache.</summary>
    public long CacheQueries { get; private set; }

    public long CacheHits { get; private set; }

    public long Stopped { get; private set; }

    public long ReachedLimit { get; private set; }

    public long Cancelled { get; private set; }

    public long TimedOut { get; private set; }

    public long Finished => Stopped + ReachedLimit;

    public Instant Now { get; set; }

    /// <summary>The labels of this replica and one more; made once.</summary>
    public string With(string name, string value)
    {
        string key = $"{name}={value}";
        if (!_withLabel.TryGetValue(key, out string? labels)) _withLabel.Add(key, labels = $"{Labels},{ExpositionText.Labels((name, value))}");
        return labels;
    }

    public void FirstToken(Sequence sequence)
    {
        long nanoseconds = (sequence.FirstToken - sequence.Arrival).Nanoseconds;
        Ttft.Add(nanoseconds);
        FineTtft.Add(nanoseconds);
        PromptTokens += sequence.PromptTokens;
    }

    public void AddGap(long nanoseconds, int tokens)
    {
        Gap.Add(nanoseconds, tokens);
        FineGap.Add(nanoseconds, tokens);
    }

    public void Ended(StepRun run)
    {
        long begun = run.Start.Nanoseconds;
        foreach (long end in run.Ends)
        {
            StepTime.Add(end - begun);
            begun = end;
        }
        StepPlan plan = run.Plan;
        int steps = run.Count;
        StepTokens.Add(plan.Tokens + plan.DraftTokens, steps);
        int prefill = plan.Tokens - plan.DecodeCount;
        if (prefill > 0) StepPrefillTokens.Add(prefill, steps);
        if (plan.DecodeCount > 0) StepDecodeTokens.Add(plan.DecodeCount, steps);
        if (plan.DraftTokens > 0) StepDraftTokens.Add(plan.DraftTokens, steps);
    }

    public void Left(Sequence sequence, QoeRule qoe)
    {
        if (Replica.Memory.SharesContent && !sequence.FirstScheduled.IsNever)
        {
            CacheQueries += sequence.PromptTokens;
            // A prompt that was preempted may have been found more than once.
            CacheHits += Math.Min(sequence.CachedTokens, sequence.PromptTokens);
        }
        if (sequence.Outcome == Outcome.Cancelled) Cancelled++;
        else if (sequence.Outcome == Outcome.TimedOut) TimedOut++;
        else if (sequence.Outcome == Outcome.Finished) AddFinished(sequence, qoe);
    }

    private static string LabelsOf(Replica replica, string modelName, params ReadOnlySpan<(string, string)> more) =>
        ExpositionText.Labels([("model_name", modelName), ("engine", Text(replica.Index)), .. more]);

    private static string Text(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private void AddFinished(Sequence sequence, QoeRule qoe)
    {
        if (sequence.GeneratedTokens < sequence.MaxTokens) Stopped++;
        else ReachedLimit++;
        long prefill = (sequence.FirstToken - sequence.FirstScheduled).Nanoseconds;
        long decode = (sequence.LastToken - sequence.FirstToken - sequence.PausedFor).Nanoseconds;
        Queue.Add((sequence.FirstScheduled - sequence.Arrival).Nanoseconds);
        Prefill.Add(prefill);
        Decode.Add(decode);
        Inference.Add(prefill + decode);
        EndToEnd.Add((sequence.LastToken - sequence.Arrival).Nanoseconds);
        if (sequence.GeneratedTokens > 1) Tpot.Add(sequence.TimePerToken.Nanoseconds);
        PromptLengths.Add(sequence.PromptTokens);
        AnswerLengths.Add(sequence.GeneratedTokens);
        AnswerLimits.Add(sequence.MaxTokens);
        Answers.Add(1);
        Qoe.Add((long)Math.Round(sequence.QualityOfExperience(qoe) * ServingMetrics.QoePartsPerOne));
    }
}
