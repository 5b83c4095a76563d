using Orrery.Kernel.Processes;
using Orrery.Kernel.Resources;
using Orrery.Kernel.Time;

namespace Orrery.Kernel.Tests.Resources;

public sealed class ChannelTests
{
    private static readonly Duration Second = Duration.FromSeconds(1);

    [Fact]
    public void DeliversInOrderAcrossManyReceivers()
    {
        VirtualClock clock = new();
        Channel<int> channel = new(clock, "jobs");
        List<(int Receiver, int Item)> got = [];
        for (int i = 0; i < 3; i++)
        {
            int receiver = i;
            clock.Spawn($"receiver {i}", async () => got.Add((receiver, await channel.Receive())));
        }
        clock.Spawn("sender", async () =>
        {
            await clock.Delay(Second);
            for (int i = 0; i < 3; i++) channel.Send(i);
        });
        clock.Run();
        Assert.Equal([(0, 0), (1, 1), (2, 2)], got);
    }

    [Fact]
    public void NobodyTakesAnItemThatIsPromised()
    {
        VirtualClock clock = new();
        Channel<string> channel = new(clock, "jobs");
        List<string> got = [];
        clock.Spawn("first", async () => got.Add("first " + await channel.Receive()));
        clock.Spawn("sender", async () =>
        {
            await clock.Delay(Second);
            channel.Send("a");
            Assert.False(channel.TryReceive(out _));
            clock.Spawn("second", async () => got.Add("second " + await channel.Receive()));
            await clock.Delay(Second);
            channel.Send("b");
        });
        clock.Run();
        Assert.Equal(["first a", "second b"], got);
    }

    [Fact]
    public void AnItemForACancelledReceiverGoesToTheNext()
    {
        VirtualClock clock = new();
        Channel<int> channel = new(clock, "jobs");
        int got = 0;
        Process first = clock.Spawn("first", async () => await channel.Receive());
        clock.Spawn("second", async () => got = await channel.Receive());
        clock.Spawn("sender", async () =>
        {
            await clock.Delay(Second);
            channel.Send(7);
            first.Cancel();
        });
        Assert.True(clock.Run());
        Assert.Equal(7, got);
        Assert.Equal(0, channel.Count);
    }

    [Fact]
    public void AReceiverThatTimesOutLeavesTheQueue()
    {
        VirtualClock clock = new();
        Channel<int> channel = new(clock, "jobs");
        long before = 0;
        long after = 0;
        int wrong = 0;
        clock.Spawn("poller", async () =>
        {
            for (int i = 0; i < 20_000; i++)
            {
                if (i == 1000) before = GC.GetAllocatedBytesForCurrentThread();
                if (await channel.WaitForItem(clock.Now + Second) || channel.Waiting > 0) wrong++;
            }
            after = GC.GetAllocatedBytesForCurrentThread();
        });
        clock.Run();
        Assert.Equal((0, 0), (wrong, after - before));
    }
}
