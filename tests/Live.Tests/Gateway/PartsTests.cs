using System.Text;
using Orrery.Kernel.Time;
using Orrery.Live.Gateway;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Tests.Gateway;

/// <summary>Breaker, pacer, quotas, prefix index, shares: the parts that decide by themselves.</summary>
public sealed class PartsTests
{
    [Fact]
    public void A_breaker_opens_after_failures_in_a_row_and_lets_one_request_try()
    {
        CircuitBreaker breaker = new(new() { Failures = 2, Open = Duration.FromSeconds(10) });
        Assert.False(breaker.Failed(false, At(0)));
        breaker.Succeeded();
        Assert.False(breaker.Failed(false, At(0)));
        Assert.True(breaker.Failed(false, At(1)));
        Assert.False(breaker.Failed(false, At(2)));
        Assert.Equal((BreakerState.Open, BreakerState.HalfOpen), (breaker.State(At(10.9)), breaker.State(At(11))));
        Assert.True(breaker.Send(At(11)));
        Assert.False(breaker.Admits(At(11)));
        Assert.True(breaker.Failed(true, At(12)));
        Assert.Equal(BreakerState.Open, breaker.State(At(21.9)));
        Assert.True(breaker.Send(At(22)));
        breaker.Answered(true);
        Assert.Equal(BreakerState.Closed, breaker.State(At(22)));
    }

    [Fact]
    public void An_upstream_that_begins_answers_and_breaks_them_opens_again_at_once()
    {
        CircuitBreaker breaker = new(new() { Failures = 3, Open = Duration.FromSeconds(10) });
        for (int i = 0; i < 3; i++) breaker.Failed(false, At(0));
        bool isProbe = breaker.Send(At(10));
        breaker.Answered(isProbe);
        Assert.True(breaker.Failed(isProbe, At(11)));
        isProbe = breaker.Send(At(21));
        breaker.Answered(isProbe);
        breaker.Succeeded();
        Assert.False(breaker.Failed(false, At(22)));
    }

    [Fact]
    public void A_probe_whose_client_leaves_makes_room_for_the_next()
    {
        CircuitBreaker breaker = new(new() { Failures = 1, Open = Duration.FromSeconds(1) });
        breaker.Failed(false, At(0));
        Assert.True(breaker.Send(At(1)));
        Assert.False(breaker.Admits(At(1)));
        breaker.Abandoned(true);
        Assert.True(breaker.Admits(At(1)));
    }

    [Fact]
    public void A_token_is_released_when_its_reader_takes_it_in_and_never_later()
    {
        Pacer pacer = new(4);
        double[] arrivals = [1, 1, 1, 1.1, 5, 5];
        double[] digested = [1, 1.25, 1.5, 1.75, 5, 5.25];
        for (int i = 0; i < arrivals.Length; i++) Assert.Equal(At(digested[i]), pacer.Release(At(arrivals[i]), 1));
        Assert.Equal(At(5.25), pacer.Release(At(5.25), 0));
        Assert.Equal(At(5.5), pacer.Release(At(5.3), 2));
        Assert.Equal(At(6), pacer.Release(At(5.6), 1));
    }

    [Fact]
    public void Requests_come_back_evenly_and_the_wait_is_told()
    {
        Quotas quotas = Of(new() { RequestsPerMinute = 2 });
        Assert.Null(quotas.Enter("a", 1, At(0)));
        Assert.Null(quotas.Enter("a", 1, At(0)));
        Refusal refusal = quotas.Enter("a", 1, At(0))!;
        Assert.Equal((429, 30), (refusal.Status, refusal.RetryAfterSeconds));
        Assert.Null(quotas.Enter("b", 1, At(0)));
        Assert.Equal(1, quotas.Enter("a", 1, At(29.5))!.RetryAfterSeconds);
        Assert.Null(quotas.Enter("a", 1, At(30)));
    }

    [Fact]
    public void Output_tokens_are_charged_when_they_are_known()
    {
        Quotas quotas = Of(new() { TokensPerMinute = 60 });
        Assert.Null(quotas.Enter("a", 10, At(0)));
        quotas.Leave("a", 10, 90);
        Assert.Equal(31, quotas.Enter("a", 1, At(0))!.RetryAfterSeconds);
        Assert.Null(quotas.Enter("a", 1, At(31)));
        quotas.Leave("a", 1, 0);
        Assert.Equal(58, quotas.Enter("a", 1000, At(32))!.RetryAfterSeconds);
        Assert.Null(quotas.Enter("a", 1000, At(100)));
    }

    [Fact]
    public void Requests_at_a_time_are_counted_until_they_leave()
    {
        Quotas quotas = Of(new() { Concurrent = 1 });
        Assert.Null(quotas.Enter("a", 1, At(0)));
        Assert.NotNull(quotas.Enter("a", 1, At(0)));
        quotas.Leave("a", 1, 1);
        Assert.Null(quotas.Enter("a", 1, At(0)));
    }

    [Fact]
    public void Equal_heads_have_equal_names_and_one_byte_changes_all_that_follow()
    {
        byte[] text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 100).Select(i => $"word {i} ")));
        byte[] other = [.. text];
        other[PromptBlocks.BlockBytes + 3] ^= 1;
        TokenSpan[] a = PromptBlocks.Of(text), b = PromptBlocks.Of(other);
        Assert.Equal(text.Length / PromptBlocks.BlockBytes, a.Length);
        Assert.Equal(a[0], b[0]);
        Assert.All(a.Zip(b).Skip(1), pair => Assert.NotEqual(pair.First, pair.Second));
    }

    [Fact]
    public void The_prefix_index_is_bounded_and_forgets_tails_before_heads()
    {
        PrefixIndex index = new(4);
        TokenSpan[] first = [new(1, 16), new(2, 16), new(3, 16)];
        index.Add(first);
        Assert.Equal(48, index.CachedTokens(first));
        Assert.Equal(32, index.CachedTokens([new(1, 16), new(2, 16), new(9, 16)]));
        index.Add([new(7, 16), new(8, 16)]);
        Assert.Equal((4, 32), (index.Count, index.CachedTokens(first)));
        Assert.Equal(0, index.CachedTokens([new(5, 16)]));
    }

    [Fact]
    public void A_client_that_comes_back_is_lifted_to_the_least_of_those_that_wait()
    {
        FairShares shares = new();
        ClientShare a = shares.Of("a"), b = shares.Of("b"), idle = shares.Of("idle");
        shares.Charge(a, 100, 50);
        shares.Charge(b, 10, 0);
        Assert.Equal((200.0, 10.0), (a.Account.Counter, b.Account.Counter));
        a.Queued = 1;
        shares.Lift(idle);
        Assert.Equal(200, idle.Account.Counter);
        b.Queued = 1;
        shares.Lift(shares.Of("new"));
        Assert.Equal(10, shares.Of("new").Account.Counter);
    }

    private static Quotas Of(QuotaSettings quota) => new(new() { Quotas = new Dictionary<string, QuotaSettings> { ["default"] = quota } }, new());

    private static Instant At(double seconds) => Instant.FromSeconds(seconds);
}
