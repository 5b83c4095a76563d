using System.Globalization;
using Orrery.Engine.Attention;
using Orrery.Kernel;
using Orrery.Kernel.Units;
using Orrery.Live.Designs;
using Orrery.Live.Settings;
using Orrery.Serving.Calls;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Systems;

namespace Orrery.Live.Replicas;

/// <summary>What decisions depend on, made of settings and of the model that was loaded, and checked.</summary>
internal static class LiveDesigns
{
    /// <summary>What needs the truth, which live nobody has before the end.</summary>
    private static readonly string[] Omniscient = ["oracle", "noisy"];

    /// <param name="settings">Of the model.</param>
    /// <param name="id">What clients call it.</param>
    /// <param name="shape">What a token leaves behind.</param>
    /// <param name="contextTokens">Longest sequence that the model takes.</param>
    /// <param name="machine">The machine's memory.</param>
    /// <param name="knowsStepTimes">Whether policies are given a profile.</param>
    /// <exception cref="InputException">Settings that contradict each other, or that cannot run live.</exception>
    public static LiveDesign Of(ModelSettings settings, string id, KvShape shape, int contextTokens, Bytes machine, bool knowsStepTimes)
    {
        Check(settings, id);
        // One page, to learn its size: the layout is the store's own business.
        using KvStore probe = new(shape, settings.KvType, 1);
        int blocks = KvBudget.Blocks(settings, probe.PageBytes, contextTokens, machine);
        int longest = (int)Math.Min(contextTokens, (long)blocks * LiveDesign.BlockTokens);
        return new()
        {
            Model = id,
            Scheduler = settings.Scheduler.WithSteps(settings.StepTokens),
            Blocks = blocks,
            PrefixCache = settings.PrefixCache ?? (settings.Scheduler.UsesPrefixCache && settings.Swap is null),
            MaxModelTokens = longest,
            StepTokens = Math.Max(settings.StepTokens, ModelSettings.PassTokens),
            DeviceMemory = machine,
            Swap = settings.Swap,
            HostTokens = settings.Swap is { } swap ? swap.Size.Count / probe.PageBytes * KvStore.PageTokens : 0,
            Calls = settings.Calls,
            OutputLength = settings.OutputLength ?? new() { Use = "class-mean" },
            Draft = settings.Draft is { } draft ? new(draft.Control, draft.File is null, LiveDrafts.PositionsOf(draft, longest)) : null,
            Seed = settings.Seed,
            KnowsStepTimes = knowsStepTimes,
        };
    }

    public static string NameOf(SchedulerSpec scheduler) =>
        Schedulers.Registry.All.FirstOrDefault(plugin => plugin.Made(scheduler))?.Name ?? scheduler.GetType().Name;

    private static void Check(ModelSettings settings, string id)
    {
        SchedulerSpec scheduler = settings.Scheduler;
        string name = NameOf(scheduler);
        if (scheduler.WhyNotLive is { } why) throw Wrong(id, "scheduler", $"{name} cannot run live: {why}; take another one");
        if (settings.StepTokens < KvStore.PageTokens)
            throw Wrong(id, "stepTokens", string.Create(CultureInfo.InvariantCulture, $"{settings.StepTokens} tokens are too few for a step; write at least {KvStore.PageTokens}"));
        if (settings.Swap is not null && settings.PrefixCache == true)
            throw Wrong(id, "hostSwap", "blocks shared between sequences are not swapped; write prefixCache: false, or leave one of the two keys out");
        if (settings.Swap is not null && !scheduler.TakesKvBack)
            throw Wrong(id, "hostSwap", $"the scheduler {name} takes no KV back, so nothing would be swapped; leave the key out");
        if (settings.Calls is not DiscardOptions && !scheduler.TakesKvBack)
            throw Wrong(id, "calls", $"the scheduler {name} computes a sequence anew after a call; write calls: discard");
        if (settings.Calls is SwapPausedOptions && settings.Swap is null)
            throw Wrong(id, "calls", "swapping needs a pool; write for example hostSwap: 4GiB");
        if (settings.OutputLength is { } lengths && Omniscient.Contains(lengths.Use))
            throw Wrong(id, "outputLength", $"{lengths.Use} knows the true length, which live nobody does before the end; write class-mean, constant or none");
    }

    private static InputException Wrong(string id, string key, string what) => new($"model {id}, {key}: {what}");
}
