using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Drafting;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Speculation;
using Orrery.Serving.Systems.SmartSpec;
using Orrery.Testing.World;
using Orrery.World.Cost;

namespace Orrery.Serving.Tests.Systems;

/// <summary>Random drafts for any scheduler that takes them: a toy draft model or prompt lookup, fixed lengths or SmartSpec, in every mood.</summary>
internal sealed record RandomDrafts(DraftControlSpec Control, AcceptanceSpec Acceptance, bool LooksUp, DraftLimits Limits)
{
    /// <summary>Null in two of three scenarios, and where the scheduler's rows advance together.</summary>
    public static RandomDrafts? Make(RandomStream random, SchedulerSpec spec)
    {
        if (!spec.TakesDrafts || random.NextInt(3) > 0) return null;
        bool looksUp = random.NextInt(2) == 0;
        DraftControlSpec control = random.NextInt(3) == 0
            ? new FixedDraftsOptions { Tokens = random.NextInt(6) }
            : new SmartSpecOptions
            {
                Most = 1 + random.NextInt(7),
                Every = 1 + random.NextInt(20),
                Bias = random.NextInt(3) == 0 ? 3 : 1.1,
                PerRequest = random.NextInt(2) == 0,
                Prior = random.NextInt(10),
                ProbeEvery = random.NextInt(2) == 0 ? null : 1 + random.NextInt(30),
                GiveUpAfter = 1 + random.NextInt(8),
                RetryAfter = 1 + random.NextInt(30),
            };
        double rate = random.NextInt(11) / 10.0;
        AcceptanceSpec acceptance = new() { Rate = rate, Spread = rate is > 0.15 and < 0.85 && random.NextInt(2) == 0 ? 0.2 : 0, Match = random.NextInt(5) / 4.0 };
        Duration search = Duration.FromMicroseconds(looksUp ? random.NextInt(2) * 700 : 0);
        return new(control, acceptance, looksUp, new(random.NextInt(2) == 0 ? int.MaxValue : 60, random.NextInt(2) == 0 ? int.MaxValue : 150, search));
    }

    public DraftedCost CostOf(ToyCost target)
    {
        ToyCost draft = new(Duration.FromMicroseconds(200), Duration.FromMicroseconds(10), Duration.Zero, Duration.FromMicroseconds(100));
        return new(target, LooksUp ? null : draft, Duration.FromMicroseconds(100));
    }

    public (IPlanAddOn AddOn, IAcceptance Acceptance) Create(ToyCost target)
    {
        IndependentAcceptance truth = new(Acceptance, LooksUp, RandomStream.Root(3));
        return (new Speculator(Control.Create(new(CostOf(target), Limits.SearchTime, LooksUp)), truth, Limits), truth);
    }
}
