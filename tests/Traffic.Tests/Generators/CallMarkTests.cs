using Orrery.Kernel;
using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Tests.Generators;

public class CallMarkTests
{
    private const string Plain = "generator: poisson, rate: 5/s, requests: 2000, prompt: {lognormal: {median: 300, sigma: 1}}, output: {uniform: {min: 10, max: 50}}";

    [Fact]
    public void Output_is_the_sum_of_segments()
    {
        List<Request> requests = Sources.Generate($"{{{Plain}, calls: {{count: 3, tokens: 20, duration: 250ms, return: 24}}}}");
        foreach (Request request in requests)
        {
            Assert.Equal([20, 40, 60], request.Calls!.Select(call => call.AfterTokens));
            Assert.All(request.Calls!, call => Assert.Equal((Duration.FromMilliseconds(250), 24), (call.Duration, call.ReturnTokens)));
            Assert.InRange(request.OutputTokens, 70, 110);
        }
    }

    [Fact]
    public void Calls_change_nothing_else()
    {
        List<Request> plain = Sources.Generate($"{{{Plain}}}");
        List<Request> calling = Sources.Generate($"{{{Plain}, calls: {{count: {{choice: {{values: [0, 1, 2], weights: [1, 1, 2]}}}}, tokens: {{exponential: {{mean: 40}}}}, duration: {{exponential: {{mean: 2s}}}}}}}}");
        for (int i = 0; i < plain.Count; i++)
        {
            int before = calling[i].Calls?[^1].AfterTokens ?? 0;
            Assert.Equal((plain[i].Arrival, plain[i].PromptTokens, plain[i].OutputTokens + before), (calling[i].Arrival, calling[i].PromptTokens, calling[i].OutputTokens));
        }
        Assert.Equal(0.25, calling.Count(r => r.Calls is null) / 2000.0, 0.05);
        Assert.Equal(2, calling.SelectMany(r => r.Calls ?? []).Average(call => call.Duration.Seconds), 0.2);
    }

    [Fact]
    public void Members_have_calls_of_their_own()
    {
        List<Request> requests = Sources.Generate("""
            {generator: many-clients, rate: 10/s, requests: 1000, window: 600s, factors: [1], members: [
              {name: quick, share: 0.5, prompt: 10, output: 5, calls: {count: 2, tokens: 7, duration: 100ms, return: 3}},
              {name: slow, share: 0.3, prompt: 10, output: 5, calls: {count: 1, tokens: 9, duration: 20s}},
              {name: plain, share: 0.2, prompt: 10, output: 5}]}
            """);
        Assert.All(requests, r => Assert.Equal(r.Client switch { 0 => 19, 1 => 14, _ => 5 }, r.OutputTokens));
        Assert.All(requests, r => Assert.Equal(r.Client switch { 0 => 2, 1 => 1, _ => 0 }, r.Calls?.Length ?? 0));
    }

    [Theory]
    [InlineData("calls: {count: 3, duration: 1s}", "tokens")]
    [InlineData("calls: {count: 3, tokens: 5, duration: 1s, returns: 4}", "did you mean 'return'")]
    [InlineData("calls: {count: -1, tokens: 5, duration: 1s}", "out of range")]
    [InlineData("calls: {count: 1, tokens: 5, duration: 5}", "duration")]
    public void Mistakes_are_named(string calls, string part)
    {
        InputException mistake = Assert.Throws<InputException>(() => Sources.Spec($"{{{Plain}, {calls}}}"));
        Assert.Contains(part, mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Conversations_take_none()
    {
        InputException mistake = Assert.Throws<InputException>(() => Sources.Spec(
            "{generator: sessions, rate: 1/s, requests: 10, turns: 2, think: 5s, prompt: 10, output: 5, calls: {count: 1, tokens: 5, duration: 1s}}"));
        Assert.Contains("draws no tool calls", mistake.Message, StringComparison.Ordinal);
    }
}
