using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;

namespace Orrery.Kernel.Tests.Resources;

/// <summary>
/// Shortest predicted remaining processing time with limited preemption (TRAIL, Shahout et al. 2024): the running job of predicted size r
/// may be preempted only before it has received C·r. M/G/1, exponential sizes of mean 1, perfect prediction; closed form by the SOAP
/// analysis (Scully, Harchol-Balter and Scheller-Wolf 2018).
/// </summary>
public class LimitedPreemptionTests
{
    public static TheoryData<double, double, double> CheckValues => new()
    {
        { 0.5, 0, 1.72 }, { 0.5, 0.5, 1.47 }, { 0.5, 1, 1.43 }, { 0.8, 0, 2.88 }, { 0.8, 0.5, 2.43 }, { 0.8, 1, 2.35 },
    };

    [Theory]
    [MemberData(nameof(CheckValues))]
    public void TheClosedFormGivesTheCheckValues(double rate, double limit, double expected) =>
        Assert.Equal(expected, MeanResponse(rate, limit), 0.01 * expected);

    [Theory]
    [InlineData(0.5, 0)]
    [InlineData(0.5, 0.5)]
    [InlineData(0.5, 1)]
    [InlineData(0.8, 0.5)]
    public void TheSimulationAgreesWithTheClosedForm(double rate, double limit)
    {
        double[] means = new double[20];
        for (int i = 0; i < means.Length; i++) means[i] = Simulate(RandomStream.Root(30).Split(i), rate, limit, jobs: 10_000, warmUp: 1_000);
        ConfidenceInterval interval = ConfidenceInterval.FromReplications(means, 0.99);
        double formula = MeanResponse(rate, limit);
        Assert.True(interval.Contains(formula), $"{interval} does not contain {formula}");
        Assert.True(interval.HalfWidth < 0.05 * formula);
    }

    // E[T(r)] = λ/2 · {∫_{y≤r} y² f + ∫_{y>r} max(r, (1−C) y)² f} / (1−ρ_r)² + ∫_0^{C r} da/(1−ρ_{r−a}) + (1−C) r, averaged over r.
    private static double MeanResponse(double rate, double limit)
    {
        double Load(double s) => rate * (1 - (Math.Exp(-s) * (1 + s)));
        double SecondMomentAbove(double s) => Math.Exp(-s) * ((s * s) + (2 * s) + 2);
        double Response(double r)
        {
            double turn = limit < 1 ? r / (1 - limit) : double.PositiveInfinity;
            double old = double.IsInfinity(turn)
                ? r * r * Math.Exp(-r)
                : (r * r * (Math.Exp(-r) - Math.Exp(-turn))) + ((1 - limit) * (1 - limit) * SecondMomentAbove(turn));
            double waiting = rate / 2 * (2 - SecondMomentAbove(r) + old) / Math.Pow(1 - Load(r), 2);
            return waiting + Simpson(a => 1 / (1 - Load(r - a)), 0, limit * r, 100) + ((1 - limit) * r);
        }
        return Simpson(r => Math.Exp(-r) * Response(r), 0, 40, 2000);
    }

    private static double Simpson(Func<double, double> f, double from, double to, int panels)
    {
        double step = (to - from) / panels;
        double sum = f(from) + f(to);
        for (int i = 1; i < panels; i++) sum += f(from + (i * step)) * (i % 2 == 0 ? 2 : 4);
        return sum * step / 3;
    }

    private static double Simulate(RandomStream random, double rate, double limit, int jobs, int warmUp)
    {
        VirtualClock clock = new();
        Signal arrived = new(clock, "an arrival");
        RandomStream gaps = random.Split("arrivals");
        RandomStream sizes = random.Split("sizes");
        PriorityQueue<Job, (long Rank, int Number)> waiting = new();
        Moments responses = new();
        clock.Spawn("arrivals", async () =>
        {
            for (int i = 0; i < jobs; i++)
            {
                await clock.Delay(Duration.FromSeconds(new Exponential(1 / rate).Sample(gaps)));
                long size = Math.Max(1, (long)(new Exponential(1).Sample(sizes) * 1e9));
                waiting.Enqueue(new Job(i, clock.Now, size), (size, i));
                arrived.Set();
            }
        });
        clock.Spawn("server", async () =>
        {
            while (responses.Count < jobs - warmUp)
            {
                if (!waiting.TryDequeue(out Job? job, out _))
                {
                    await arrived.Wait();
                    continue;
                }
                while (job.Received < job.Size)
                {
                    Instant started = clock.Now;
                    await arrived.Wait(started + Duration.FromNanoseconds(job.Size - job.Received));
                    job.Received += (clock.Now - started).Nanoseconds;
                    if (job.Received >= job.Size || job.Received >= limit * job.Size) continue;
                    job = waiting.EnqueueDequeue(job, (job.Size - job.Received, job.Number));
                }
                if (job.Number >= warmUp) responses.Add((clock.Now - job.Arrived).Seconds);
            }
        });
        clock.Run();
        return responses.Mean;
    }

    private sealed class Job(int number, Instant arrived, long size)
    {
        public int Number => number;

        public Instant Arrived => arrived;

        public long Size => size;

        public long Received { get; set; }
    }
}
