using System.Collections.Concurrent;
using Orrery.Kernel;
using Orrery.Lab.Results;
using Orrery.Lab.Studies;

namespace Orrery.Lab.Claims;

/// <summary>How claims are run.</summary>
public sealed record ClaimSettings
{
    /// <summary>Where the journal lies; null keeps none.</summary>
    public string? Folder { get; init; }

    /// <summary>The reduced grid of each claim.</summary>
    public bool Quick { get; init; }

    /// <summary>The first seed; null for the scenario's own.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Runs at a time; 0 for one per core.</summary>
    public int Workers { get; init; }

    public bool FastForward { get; init; } = true;

    public CancellationToken Cancel { get; init; }

    /// <summary>Told of every piece of work as it ends, by one thread at a time.</summary>
    public Action<StudyProgress>? Progress { get; init; }
}

/// <summary>Runs every cell, sweep value and seed of claims in parallel, each run once, and evaluates the claims.</summary>
/// <remarks>
/// Capacity searches are pieces of work like runs; their probes go through the same journal. The answer does not depend on the number of
/// workers: every piece is a function of the file and its seed.
/// </remarks>
public static class ClaimRunner
{
    /// <exception cref="InputException">A mistake in a claim's scenario; found before the first run begins.</exception>
    public static Reproduction Run(IReadOnlyList<ClaimFile> files, ClaimSettings settings)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(settings);
        using StudyJournal journal = StudyJournal.Open(settings.Folder);
        var runs = new JournaledRuns(journal, settings.Cancel);
        var prepared = new PreparedOnce();
        ClaimPlan[] plans = [.. files.SelectMany(file => file.Claims.Select(claim => ClaimPlan.Of(file, claim, settings, prepared)))];
        // The longest pieces begin first, so that no core waits for a search that began last.
        ClaimWork[] work = [.. plans.SelectMany(plan => plan.Work.Values).DistinctBy(piece => piece.Key).OrderByDescending(piece => piece.IsSearch)];
        var done = new ConcurrentDictionary<string, ClaimOutcome>(StringComparer.Ordinal);
        Lock reporting = new();
        int finished = 0;
        settings.Progress?.Invoke(new(0, work.Length, ""));
        ParallelWork.ForEach(work.Length, settings.Workers > 0 ? settings.Workers : Environment.ProcessorCount, index =>
        {
            if (work[index].Execute(runs) is not { } outcome) return;
            done[work[index].Key] = outcome;
            lock (reporting) settings.Progress?.Invoke(new(++finished, work.Length, work[index].Label));
        }, settings.Cancel);
        ClaimPlan[] complete = [.. plans.Where(plan => plan.Work.Values.All(piece => done.ContainsKey(piece.Key)))];
        return new([.. complete.Select(plan => ClaimJudge.Judge(plan, done))], runs.Made, runs.Found, complete.Length < plans.Length);
    }
}

/// <summary>Runs that look into the journal first.</summary>
internal sealed class JournaledRuns(StudyJournal journal, CancellationToken cancel)
{
    /// <summary>Runs by key: true where this session made them, false where an earlier one had.</summary>
    private readonly ConcurrentDictionary<string, bool> _seen = new(StringComparer.Ordinal);

    public long Made => _seen.Values.LongCount(isOurs => isOurs);

    public long Found => _seen.Values.LongCount(isOurs => !isOurs);

    public CancellationToken Cancel => cancel;

    /// <summary>Null when it was interrupted.</summary>
    public RunRecord? Get(PreparedRun run)
    {
        string key = StudyJournal.KeyOf(run);
        if (journal.Find(key) is { } known)
        {
            _seen.TryAdd(key, false);
            return known;
        }
        if (cancel.IsCancellationRequested) return null;
        RunRecord record = run.Execute(cancel);
        if (record.Result.IsPartial) return null;
        record = record with { Series = RunSeries.Empty };
        // Before the journal knows it, lest another thread takes it for an earlier session's.
        _seen[key] = true;
        journal.Add(key, record);
        return record;
    }
}
