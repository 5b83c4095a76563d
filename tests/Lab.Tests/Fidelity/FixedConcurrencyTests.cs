using Orrery.Kernel.Time;
using Orrery.Lab.Fidelity;
using Orrery.Testing.World;

namespace Orrery.Lab.Tests.Fidelity;

public sealed class FixedConcurrencyTests
{
    private static readonly Duration Step = Duration.FromNanoseconds(1_000_000);
    private static readonly Duration Token = Duration.FromNanoseconds(10_000);
    private static readonly Duration Context = Duration.FromNanoseconds(100);

    private static readonly ToyCost Cost = new(Step, Token, Context, Duration.FromNanoseconds(1));

    private static readonly DeploymentEngine Plain = new() { Name = "plain", RequestSeconds = 0, HandOverSeconds = 0, ReservedOutputShare = 1, TokenBudget = 8192 };

    public static TheoryData<PromptTurn> Turns => [.. Enum.GetValues<PromptTurn>()];

    [Theory]
    [MemberData(nameof(Turns))]
    public void One_client_waits_for_its_prompt_and_its_decodes_alone(PromptTurn turn)
    {
        FixedConcurrency load = new(1, 1000, 101) { ShortestShare = 1, Rounds = 3 };
        ConcurrencyResult result = load.Run(Cost, PromptCost.None, 1, long.MaxValue, Plain with { Turn = turn });
        Assert.Equal(1e-3 + (1000 * 1e-5), result.TtftSeconds, 9);
        // A hundred decodes attend 1001 to 1100 tokens, their own included; the middle is priced at a whole number of tokens.
        Assert.Equal(1e-3 + 1e-5 + (1050.5 * 1e-7), result.TpotSeconds, 1e-7);
        Assert.Equal(1 / (result.TtftSeconds + (100 * result.TpotSeconds)), result.RequestsPerSecond, 6);
    }

    [Fact]
    public void A_prompt_beyond_the_budget_is_cut_where_the_engine_cuts()
    {
        FixedConcurrency load = new(1, 1000, 2) { ShortestShare = 1, Rounds = 1 };
        ConcurrencyResult result = load.Run(Cost, PromptCost.None, 1, long.MaxValue, Plain with { TokenBudget = 300 });
        Assert.Equal((4 * 1e-3) + (1000 * 1e-5), result.TtftSeconds, 9);
    }

    [Theory]
    [MemberData(nameof(Turns))]
    public void More_clients_wait_longer_and_are_served_faster_together(PromptTurn turn)
    {
        ConcurrencyResult last = default;
        foreach (int clients in new[] { 1, 2, 4, 8, 16, 32 })
        {
            ConcurrencyResult next = new FixedConcurrency(clients, 512, 128).Run(Cost, PromptCost.None, 1, long.MaxValue, Plain with { Turn = turn });
            Assert.True(next.TtftSeconds > last.TtftSeconds && next.TpotSeconds > last.TpotSeconds && next.RequestsPerSecond > last.RequestsPerSecond);
            last = next;
        }
    }

    [Fact]
    public void What_does_not_fit_the_cache_waits()
    {
        FixedConcurrency load = new(8, 512, 128);
        ConcurrencyResult free = load.Run(Cost, PromptCost.None, 1, long.MaxValue, Plain);
        ConcurrencyResult tight = load.Run(Cost, PromptCost.None, 1, 4 * 640, Plain);
        Assert.True(tight.TtftSeconds > 5 * free.TtftSeconds);
        Assert.True(tight.TpotSeconds < free.TpotSeconds);
    }

    [Fact]
    public void Prompts_in_a_pool_of_their_own_do_not_slow_decodes()
    {
        FixedConcurrency load = new(1, 1000, 101) { ShortestShare = 1, Rounds = 2 };
        ConcurrencyResult result = load.Run(new(Cost, PromptCost.None, 1, 1, 1e-6), new DecodePool(Cost, 1, 1, long.MaxValue), Plain);
        Assert.Equal(1e-3 + (1000 * 1e-5) + (1000 * 1e-6), result.TtftSeconds, 9);
        // The decode pool takes one step time from event to event: that at the start, at most a hundred tokens of context too low.
        Assert.InRange(result.TpotSeconds, 1e-3 + 1e-5 + (1001 * 1e-7) - 1e-9, 1e-3 + 1e-5 + (1100 * 1e-7));
        ConcurrencyResult shared = (load with { Clients = 8 }).Run(Cost, PromptCost.None, 1, long.MaxValue, Plain);
        ConcurrencyResult split = (load with { Clients = 8 }).Run(new(Cost, PromptCost.None, 1, 1, 0), new DecodePool(Cost, 1, 1, long.MaxValue), Plain);
        Assert.True(split.TpotSeconds < shared.TpotSeconds);
    }

    [Fact]
    public void A_saturated_prefill_pool_sets_the_throughput()
    {
        // A prompt takes 101 ms and two engines prefill: hardly more than 20 requests per second, whatever the clients.
        ToyCost slow = new(Step, Duration.FromNanoseconds(100_000), Duration.Zero, Duration.FromNanoseconds(1));
        FixedConcurrency load = new(64, 1000, 11) { ShortestShare = 1 };
        ConcurrencyResult result = load.Run(new(slow, PromptCost.None, 1, 2, 0), new DecodePool(Cost, 1, 4, long.MaxValue), Plain with { TokenBudget = 1000 });
        Assert.InRange(result.RequestsPerSecond, 19.0, 2 / 0.101);
        // Little's law.
        Assert.InRange(result.RequestsPerSecond * (result.TtftSeconds + (10 * result.TpotSeconds)), 56, 64);
    }

    [Fact]
    public void Runs_repeat_bit_for_bit()
    {
        FixedConcurrency load = new(24, 700, 90);
        Assert.Equal(load.Run(Cost, PromptCost.None, 4, 9000, Plain), load.Run(Cost, PromptCost.None, 4, 9000, Plain));
    }
}
