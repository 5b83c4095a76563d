using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Traffic.Description;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Tests.Generators;

public class GeneratorTests
{
    private const string Lengths = "prompt: {lognormal: {median: 512, sigma: 0.8, min: 16, max: 2048}}, output: {lognormal: {median: 128, sigma: 0.8, min: 4, max: 1024}}";

    public static TheoryData<string> Every =>
    [
        $"{{generator: poisson, rate: 20/s, requests: 200, {Lengths}}}",
        $"{{generator: constant, rate: 20/s, requests: 200, {Lengths}}}",
        $"{{generator: gamma, rate: 20/s, cv: 3, requests: 200, {Lengths}}}",
        $"{{generator: weibull, rate: 20/s, cv: 2, requests: 200, {Lengths}}}",
        $"{{generator: mmpp, rate: 20/s, states: [{{factor: 1, stay: 60s}}, {{factor: 5, stay: 10s}}], requests: 200, {Lengths}}}",
        $"{{generator: on-off, rate: 20/s, on: 2s, off: 6s, requests: 200, {Lengths}}}",
        $"{{generator: diurnal, rate: 20/s, requests: 200, {Lengths}}}",
        $"{{generator: profile, rate: 20/s, window: 2s, factors: [1, 0, 3], gaps: {{family: gamma, cv: 2}}, requests: 200, {Lengths}}}",
        $"{{generator: closed-loop, users: 8, think: {{exponential: {{mean: 2s}}}}, requests: 200, {Lengths}}}",
        $"{{generator: sessions, rate: 2/s, turns: {{choice: {{values: [1, 2, 5]}}}}, think: 2s, system: {{tokens: 100, count: 3}}, maxContextTokens: 8192, requests: 200, {Lengths}}}",
        "{generator: azure-code-2023, requests: 200}",
        "{generator: azure-conv-2023, requests: 200}",
        "{generator: mooncake-conversation, requests: 200}",
        "{generator: servegen-m-mid, requests: 200, rate: 10/s}",
        "{generator: sharegpt-like, requests: 200, rate: 2/s}",
    ];

    [Theory]
    [MemberData(nameof(Every))]
    public void The_seed_decides_everything_and_arrivals_never_go_back(string yaml)
    {
        List<Request> first = Sources.Generate(yaml, 5);
        Assert.Equal(first.Select(Sources.Text), Sources.Generate(yaml, 5).Select(Sources.Text));
        Assert.NotEqual(first.Select(Sources.Text), Sources.Generate(yaml, 6).Select(Sources.Text));
        Assert.Equal(Enumerable.Range(0, 200).Select(i => (long)i), first.Select(r => r.Id));
        for (int i = 1; i < first.Count; i++) Assert.True(first[i].Arrival >= first[i - 1].Arrival);
        Assert.All(first, r => Assert.True(r.PromptTokens >= 1 && r.OutputTokens >= 1));
        Assert.All(first, r => Assert.True((r.Content ?? []).Sum(s => (long)s.Tokens) <= r.PromptTokens));
    }

    [Theory]
    [InlineData("generator: poisson", 1, 1, 1)]
    [InlineData("generator: constant", 0, 0, 0)]
    [InlineData("generator: gamma, cv: 3", 3, 9, 9)]
    [InlineData("generator: weibull, cv: 2", 2, 4, 4)]
    [InlineData("generator: gamma, cv: 0.5", 0.5, 0.25, 0.25)]
    public void Renewal_processes_have_their_rate_cv_and_dispersion(string process, double cv, double low, double high)
    {
        TrafficDescription d = Sources.Describe($"{{{process}, rate: 100/s, requests: 200000, prompt: 1, output: 1}}");
        Assert.InRange(d.RatePerSecond, 97, 103);
        // A window that starts on a rounded nanosecond may hold one arrival more or less.
        const double rounding = 1e-4;
        Assert.InRange(d.GapCv, (cv * 0.95) - rounding, (cv * 1.05) + rounding);
        // Over long windows the index of dispersion of a renewal process tends to CV squared.
        Assert.InRange(d.Dispersion[1].Index, low * 0.75, (high * 1.3) + rounding);
    }

    [Fact]
    public void On_off_keeps_its_mean_rate_and_is_bursty()
    {
        TrafficDescription d = Sources.Describe("{generator: on-off, rate: 50/s, on: 1s, off: 3s, duration: 4000s, prompt: 1, output: 1}");
        Assert.InRange(d.RatePerSecond, 46, 54);
        // Closed form of the interrupted Poisson process over long windows (Fischer and Meier-Hellstern 1993).
        double on = 1, off = 3, peak = 200;
        double rates = (1 / on) + (1 / off);
        double expected = 1 + (2 * peak * (1 / on) / (rates * rates));
        Assert.InRange(d.Dispersion[2].Index, expected * 0.75, expected * 1.25);
    }

    [Fact]
    public void A_diurnal_day_follows_its_hours()
    {
        string hours = string.Join(", ", Enumerable.Range(0, 24).Select(h => h is >= 8 and < 20 ? 3 : 1));
        List<Request> day = Sources.Generate($"{{generator: diurnal, rate: 1/s, hours: [{hours}], duration: 24h, prompt: 1, output: 1}}");
        Assert.InRange(day.Count, 85_000, 88_000);
        int Hour(int h) => day.Count(r => (int)(r.Arrival.Seconds / 3600) == h);
        Assert.InRange(Hour(13) / (double)Hour(3), 2.7, 3.3);
    }

    [Fact]
    public void A_profile_window_of_zero_is_silent()
    {
        List<Request> rows = Sources.Generate("{generator: profile, rate: 10/s, window: 10s, factors: [1, 0, 2], duration: 3000s, prompt: 1, output: 1}");
        Assert.InRange(rows.Count, 29_000, 31_000);
        Assert.DoesNotContain(rows, r => (int)(r.Arrival.Seconds / 10) % 3 == 1);
    }

    [Fact]
    public void Changing_lengths_or_marks_leaves_arrivals_and_the_rest()
    {
        List<Request> plain = Sources.Generate("{generator: gamma, cv: 2, rate: 5/s, requests: 300, prompt: 100, output: {lognormal: {median: 50, sigma: 1}}}");
        List<Request> marked = Sources.Generate("{generator: gamma, cv: 2, rate: 5/s, requests: 300, prompt: {lognormal: {median: 300, sigma: 1}}, output: {lognormal: {median: 50, sigma: 1}}, clients: {count: 5}, adapters: {count: 3}, priorities: [{priority: 1}, {priority: 2}], patience: 30s}");
        List<Request> steady = Sources.Generate("{generator: constant, rate: 5/s, requests: 300, prompt: 100, output: {lognormal: {median: 50, sigma: 1}}}");
        Assert.Equal(plain.Select(r => r.Arrival), marked.Select(r => r.Arrival));
        Assert.Equal(plain.Select(r => r.OutputTokens), marked.Select(r => r.OutputTokens));
        Assert.Equal(plain.Select(r => r.OutputTokens), steady.Select(r => r.OutputTokens));
    }

    [Fact]
    public void Marks_have_their_shares()
    {
        const int n = 20_000;
        List<Request> rows = Sources.Generate("{generator: poisson, rate: 5/s, requests: 20000, prompt: 10, output: 1, clients: [{name: a, weight: 3, priority: 9}, {name: b}], priorities: [{priority: 1, weight: 1}, {priority: 2, weight: 3}], adapters: {count: 2, skew: 1, share: 0.5}, prefixGroups: {count: 2, tokens: 100, share: 0.25}}");
        Assert.InRange(rows.Count(r => r.Client == 0), 0.73 * n, 0.77 * n);
        Assert.All(rows.Where(r => r.Client == 0), r => Assert.Equal(9, r.Priority));
        Assert.InRange(rows.Count(r => r.Priority == 2) / (double)rows.Count(r => r.Client == 1), 0.72, 0.78);
        Assert.InRange(rows.Count(r => r.Adapter == 0), 0.31 * n, 0.36 * n);
        Assert.InRange(rows.Count(r => r.PromptTokens == 110 && r.Content!.Length == 1), 0.23 * n, 0.27 * n);
        Assert.Equal(2, rows.Where(r => r.Content is not null).Select(r => r.Content![0].ContentId).Distinct().Count());
    }

    [Fact]
    public void A_closed_loop_never_has_more_requests_than_users()
    {
        using ITrafficSource source = Sources.Spec("{generator: closed-loop, users: 3, think: 1s, requests: 100, prompt: 5, output: 5}").Open(RandomStream.Root(1));
        Assert.True(source.IsClosedLoop);
        for (int i = 0; i < 3; i++) Assert.Equal(Instant.FromSeconds(1), source.NextArrival == Instant.Never ? Instant.Never
            : source.Take().Arrival);
        Assert.True(source.NextArrival.IsNever);
        using ITrafficSource again = Sources.Spec("{generator: closed-loop, users: 3, think: 1s, requests: 100, prompt: 5, output: 5}").Open(RandomStream.Root(1));
        Request first = again.Take();
        again.Take();
        again.Take();
        again.Completed(first, Instant.FromSeconds(7));
        Assert.Equal(Instant.FromSeconds(8), again.NextArrival);
        Assert.Equal(first.Client, again.Take().Client);
    }

    [Fact]
    public void A_session_repeats_its_history_and_shares_its_system_prompt()
    {
        List<Request> rows = Sources.Generate("{generator: sessions, rate: 1/s, turns: 3, think: 2s, system: {tokens: 50}, requests: 60, prompt: 10, output: 7}");
        Request[] session = [.. rows.Where(r => r.Session == 0)];
        Assert.Equal([60, 77, 94], session.Select(r => r.PromptTokens));
        TokenSpan answer = new(session[0].OutputContentId, 7);
        Assert.Equal([.. session[0].Content!, answer], session[1].Content![..3]);
        Assert.Equal(session[1].Content!, session[2].Content![..4]);
        Assert.Equal(session[0].Content![0], rows.First(r => r.Session == 1).Content![0]);
        Assert.NotEqual(session[0].Content![1], rows.First(r => r.Session == 1).Content![1]);
        Assert.Equal(session[0].Arrival + Duration.FromSeconds(3), session[1].Arrival);
    }

    [Fact]
    public void The_budget_ends_a_generator()
    {
        Assert.All(Sources.Generate("{generator: poisson, rate: 50/s, duration: 10s, prompt: 1, output: 1}"), r =>
            Assert.True(r.Arrival < Instant.FromSeconds(10)));
        Assert.Equal(7, Sources.Generate("{generator: poisson, rate: 50/s, duration: 10s, requests: 7, prompt: 1, output: 1}").Count);
    }
}
