using Orrery.Kernel.Time;
using Orrery.Serving.Drafting;
using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Sequences;
using Orrery.Serving.Systems.SmartSpec;
using Orrery.Testing.World;

namespace Orrery.Serving.Tests.Systems;

/// <summary>SmartSpec's choices on a cost simple enough to work out: 10 ms a step and 1 ms a token.</summary>
public sealed class SmartSpecTests
{
    private static readonly ToyCost Cost = new(Duration.FromMilliseconds(10), Duration.FromMilliseconds(1), Duration.Zero, Duration.FromNanoseconds(1));

    /// <summary>α = 0.7. One decode: 1.1/11, 1.7/12, 2.19/13, 2.533/14, 2.773/15 (best), 2.941/16. Ten: 11/20, 17/30 (best), 21.9/40. Forty: 44/50, 68/90.</summary>
    [Theory]
    [InlineData(1, 4)]
    [InlineData(10, 1)]
    [InlineData(40, 0)]
    public void ItTakesTheLengthOfTheBestGoodput(int decodes, int expected) =>
        Assert.Equal(expected, Choose(Create(new() { Most = 7 }), Plan(decodes)).Distinct().Single());

    [Fact]
    public void TheSearchEndsAtTheLongestAllowed() => Assert.Equal(2, Choose(Create(new() { Most = 2 }), Plan(1))[0]);

    /// <summary>1.7/12 against 1/11 times the bias: they meet at 1.558.</summary>
    [Theory]
    [InlineData(1.55, 1)]
    [InlineData(1.57, 0)]
    public void PlainDecodingHasItsBias(double bias, int expected) => Assert.Equal(expected, Choose(Create(new() { Most = 1, Bias = bias }), Plan(1))[0]);

    /// <summary>(100 + k)·1.1 against the capacity.</summary>
    [Theory]
    [InlineData(115, 4)]
    [InlineData(112, 1)]
    [InlineData(111, 0)]
    [InlineData(100, 0)]
    public void ItStopsShortOfTheMemory(long capacity, int expected) => Assert.Equal(expected, Choose(Create(new() { Most = 7 }), Plan(1, context: 100), capacity)[0]);

    [Fact]
    public void ItDecidesEveryTwentiethStep()
    {
        IDraftControl control = Create(new() { Most = 7, ProbeEvery = null });
        for (int step = 0; step < 20; step++)
        {
            // The batch grows at once; the decision for one decode stays.
            Assert.Equal(4, Choose(control, Plan(step == 0 ? 1 : 40))[0]);
            control.Advance(Plan(40), 1);
        }
        Assert.Equal(0, Choose(control, Plan(40))[0]);
        Assert.Equal(20, control.QuietSteps);
        control.Advance(Plan(40), 5);
        Assert.Equal(15, control.QuietSteps);
    }

    [Fact]
    public void TheAcceptanceIsTheRatioOfTwoMovingAverages()
    {
        SmartSpec control = (SmartSpec)Create(new());
        Assert.Equal(0.7, control.Acceptance);
        StepPlan plan = Plan(2);
        plan.AcceptedTokens = 3;
        plan.JudgedTokens = 5;
        control.Advance(plan, 1);
        Assert.Equal(((0.85 * 0.7) + (0.15 * 3)) / (0.85 + (0.15 * 5)), control.Acceptance, 12);
        // A step without drafts says nothing.
        double before = control.Acceptance;
        control.Advance(Plan(2), 1);
        Assert.Equal(before, control.Acceptance);
    }

    [Fact]
    public void ItProbesWhenItHasNotSpeculatedForLong()
    {
        IDraftControl control = Create(new() { Most = 7, Every = 10, ProbeEvery = 30 });
        List<int> chosen = [];
        for (int step = 0; step < 100; step++)
        {
            StepPlan plan = Plan(40);
            chosen.Add(Choose(control, plan)[0]);
            if (chosen[^1] > 0) plan.JudgedTokens = 40;
            control.Advance(plan, 1);
        }
        // After 30 steps, then at the first decision that comes 30 steps after the probe's.
        Assert.Equal([30, 70], Enumerable.Range(0, 100).Where(step => chosen[step] == 1));
        Assert.Equal(98, chosen.Count(tokens => tokens == 0));
    }

    [Fact]
    public void PromptLookupStopsLookingAndTriesAgain()
    {
        // 2 · 40/51 against 68/91: a bias that keeps forty decodes plain, although the search is paid for either way.
        IDraftControl control = new SmartSpecOptions { Bias = 2, ProbeEvery = null }.Create(new(Cost, Duration.FromMilliseconds(1), LooksUp: true));
        List<bool> looked = [];
        for (int step = 0; step < 300; step++)
        {
            looked.Add(control.Proposes);
            if (control.Proposes) Assert.Equal(0, Choose(control, Plan(40))[0]);
            else Assert.Equal(140 - (step % 140), control.QuietSteps);
            control.Advance(Plan(40), 1);
        }
        Assert.Equal(Enumerable.Range(0, 300).Select(step => step % 140 < 40), looked);
    }

    [Fact]
    public void PromptLookupCountsOnlyMatches()
    {
        // 30 decodes without a match and one with: the step costs them all, so one more token is 31.7/42 against 34.1/41.
        IDraftControl control = new SmartSpecOptions().Create(new(Cost, Duration.Zero, LooksUp: true));
        StepPlan plan = Plan(31);
        int[] tokens = new int[1];
        control.Choose(new(plan, [7], 3100, 1_000_000), tokens);
        Assert.Equal(0, tokens[0]);
        control = new SmartSpecOptions { Bias = 1 }.Create(new(Cost, Duration.Zero, LooksUp: true));
        // Without the bias 1 + 30 over 41 ms is less than 31.7 over 42.
        control.Choose(new(plan, [7], 3100, 1_000_000), tokens);
        Assert.Equal(0, tokens[0]);
        plan = Plan(5);
        control.Choose(new(plan, [2], 500, 1_000_000), tokens);
        Assert.True(tokens[0] > 0);
    }

    [Fact]
    public void EachRequestGetsWhatItsOwnDraftsAreWorth()
    {
        IDraftControl control = Create(new() { Most = 7, PerRequest = true, Prior = 0 });
        StepPlan plan = Plan(2);
        (plan.Items[0].Sequence.AcceptedTokens, plan.Items[0].Sequence.JudgedTokens) = (90, 100);
        (plan.Items[1].Sequence.AcceptedTokens, plan.Items[1].Sequence.JudgedTokens) = (10, 100);
        int[] tokens = Choose(control, plan);
        // A token of the second is right one time in ten and takes a millisecond in which the batch yields far more.
        Assert.True(tokens[0] >= 4, $"{tokens[0]}");
        Assert.Equal(0, tokens[1]);
    }

    private static IDraftControl Create(SmartSpecOptions options) => options.Create(new(Cost, Duration.Zero, LooksUp: false));

    private static int[] Choose(IDraftControl control, StepPlan plan, long capacity = 1_000_000)
    {
        int[] candidates = [.. Enumerable.Range(0, plan.Items.Length)];
        int[] tokens = new int[candidates.Length];
        long context = 0;
        foreach (PlanItem item in plan.Items) context += item.Sequence.ComputedTokens + 1;
        control.Choose(new(plan, candidates, context, capacity), tokens);
        return tokens;
    }

    private static StepPlan Plan(int decodes, int context = 100)
    {
        PagedMemory memory = new(decodes * 8, 16);
        StepPlan plan = new(memory);
        for (int i = 0; i < decodes; i++)
        {
            Sequence sequence = new(new() { Id = i, Arrival = Instant.Zero, PromptTokens = context - 1, OutputTokens = 50 }, 50, 0)
            {
                GeneratedTokens = 1,
                ComputedTokens = context - 1,
            };
            Assert.True(memory.TryGrow(sequence, context));
            plan.Add(sequence, 1);
        }
        return plan;
    }
}
