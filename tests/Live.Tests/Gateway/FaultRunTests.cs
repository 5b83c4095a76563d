using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Orrery.Kernel.Random;
using Orrery.Live.Gateway;

namespace Orrery.Live.Tests.Gateway;

/// <summary>Many requests at once over engines that fail in every way: nothing is lost, doubled or left behind.</summary>
public sealed partial class FaultRunTests
{
    private const int Requests = 300;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Every_answer_is_whole_or_says_that_it_is_not(ulong seed)
    {
        RandomStream random = RandomStream.Root(seed).Split("faults");
        await using GatewayRig rig = await GatewayRig.StartAsync(3, settings => settings with
        {
            PerUpstream = 4,
            Queue = 40,
            Order = QueueOrder.Fair,
            Breaker = new() { Failures = 1000 },
        });
        for (int i = 0; i < 3; i++)
        {
            int engine = i;
            int calls = 0;
            rig[i].Answer = context => FailAsync(context, random.Keyed(engine, Interlocked.Increment(ref calls)));
        }
        string[] ends = await Task.WhenAll(Enumerable.Range(0, Requests).Select(i => AskAsync(rig, i, leaves: random.Keyed(-1, i) < 0.1)));
        await GatewayRig.Until(() => rig.InFlight == 0 && rig.Queued == 0, $"nothing is left (seed {seed})");
        Assert.True(ends.All(end => end is "whole" or "broken" or "refused" or "left"), $"seed {seed}: {string.Join(", ", ends.Distinct())}");
        Assert.Contains("whole", ends);
        Assert.Contains("broken", ends);
        Assert.Equal(0, rig.State().GetProperty("clients").GetArrayLength());
        await GatewayRig.Until(() => Enumerable.Range(0, 3).All(i => rig[i].Running == 0), "the engines have nothing left");
    }

    /// <summary>Numbered tokens, and one of the usual disasters.</summary>
    private static async Task FailAsync(HttpContext context, double chance)
    {
        const int tokens = 6;
        if (chance < 0.1)
        {
            await FakeEngine.Status(503)(context);
            return;
        }
        if (chance < 0.2)
        {
            await FakeEngine.Status(429)(context);
            return;
        }
        int crashAt = chance < 0.5 ? (int)((chance - 0.2) / 0.3 * tokens) : -1;
        for (int i = 0; i < tokens; i++)
        {
            if (i == crashAt)
            {
                if (i % 2 == 0) context.Abort();
                return;
            }
            await FakeEngine.WriteAsync(context, FakeEngine.Chunk(string.Create(CultureInfo.InvariantCulture, $"t{i}")));
            await Task.Yield();
        }
        await FakeEngine.WriteAsync(context, FakeEngine.End(tokens));
    }

    private static async Task<string> AskAsync(GatewayRig rig, int number, bool leaves)
    {
        using CancellationTokenSource leave = new();
        try
        {
            using HttpResponseMessage answer = await rig.SendAsync(client: number % 2 == 0 ? "a" : "b", cancellation: leave.Token);
            if (leaves)
            {
                await leave.CancelAsync();
                return "left";
            }
            string text = await answer.Content.ReadAsStringAsync(leave.Token);
            if (!answer.IsSuccessStatusCode) return (int)answer.StatusCode is 429 or 502 or 503 ? "refused" : $"status {answer.StatusCode}";
            string[] tokens = [.. TokenPattern().Matches(text).Select(match => match.Groups[1].Value)];
            if (!tokens.SequenceEqual(Enumerable.Range(0, tokens.Length).Select(i => i.ToString(CultureInfo.InvariantCulture)))) return $"tokens {string.Join(' ', tokens)}";
            bool isWhole = text.EndsWith("data: [DONE]\n\n", StringComparison.Ordinal);
            bool hasError = text.Contains("\"error\"", StringComparison.Ordinal);
            return isWhole && !hasError && tokens.Length == 6 ? "whole" : hasError && !isWhole ? "broken" : $"neither: {text}";
        }
        catch (HttpRequestException failed)
        {
            return $"cut: {failed.Message}";
        }
    }

    [GeneratedRegex("\"content\":\"t([0-9]+)\"")]
    private static partial Regex TokenPattern();
}
