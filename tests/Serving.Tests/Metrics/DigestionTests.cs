using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Metrics;

namespace Orrery.Serving.Tests.Metrics;

/// <summary>The read-out of a response: QoE by hand, against the integral itself, and what is predicted of it.</summary>
public sealed class DigestionTests
{
    private static readonly ReadingExpectation OnePerSecond = new(Duration.FromSeconds(1), Duration.FromSeconds(1));

    /// <summary>e = 1 s and one token per second: tokens are due at 2, 3, 4 … seconds.</summary>
    [Theory]
    // All at once at 1 s: read at 1, 2, 3, always ahead. Due by 3 s: tokens 1 and 2, area 1 + 0; read: 2 + 1.
    [InlineData("1 1 1", 1.0, 1.0)]
    // On time: read at 2, 3, 4. Both areas are 2 + 1.
    [InlineData("2 3 4", 1.0, 1.0)]
    // Two seconds late: read at 4, 5, 6. Area 2 + 1 = 3; due by 6 s: 4 + 3 + 2 = 9.
    [InlineData("4 4 4", 3.0 / 9, 3.0 / 9)]
    // A pause of the buffer's length does no harm: delivered 2, 2, 2 and then 5; read at 2, 3, 4, 5.
    [InlineData("2 2 2 5", 1.0, 1.0)]
    // A pause of two more seconds: read at 2, 3, 4, 7. Area 5 + 4 + 3 = 12; due by 7 s: 5 + 4 + 3 + 2 = 14.
    [InlineData("2 2 2 7", 12.0 / 14, 12.0 / 14)]
    // Early, then late: read at 0.5 and 4. Area 3.5; due by 4 s: 2 + 1.
    [InlineData("0.5 4", 1.0, 1.0)]
    // One token alone, at any time: nothing is read before the end; due by 5 s: 3.
    [InlineData("5", 0.0, 0.0)]
    // One token before it was due.
    [InlineData("1", 1.0, 1.0)]
    // Ahead of time at the end: read at 1, 2 (H = 2): area 1. Due by 2 s: token 1, area 0, so version 1 asks for nothing.
    [InlineData("1 1", 1.0, 1.0)]
    // On time, then a pause: read at 1, 4, 5, 6, 7: area 6 + 3 + 2 + 1; due by 7 s: 5 + 4 + 3 + 2 + 1.
    [InlineData("1 4 4 4 4", 12.0 / 15, 12.0 / 15)]
    public void QualityByHand(string deliveries, double first, double second)
    {
        Digestion digestion = Digest(deliveries.Split(' ').Select(text => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture)), OnePerSecond);
        Assert.Equal(first, digestion.Quality(OnePerSecond), 12);
        Assert.Equal(second, digestion.Quality(OnePerSecond, QoeFormula.V2), 12);
    }

    [Fact]
    public void VersionsDifferWhereTheReaderEndsAhead()
    {
        // Due at 2, 4, 6, 8, 10, read by somebody faster than that.
        Digestion digestion = Digest([3, 3, 3, 3, 3], OnePerSecond);
        ReadingExpectation slow = new(Duration.Zero, Duration.FromSeconds(2));
        // Read at 3, 4, 5, 6, 7: area 4 + 3 + 2 + 1 = 10. Due by 7 s: 5 + 3 + 1 = 9; without the limit 5 + 3 + 1 − 1 − 3 = 5.
        Assert.Equal(1, digestion.Quality(slow));
        Assert.Equal(1, digestion.Quality(slow, QoeFormula.V2));
        // Late by more: read at 9, 10, 11, 12, 13: area 10. Due by 13 s: 11 + 9 + 7 + 5 + 3 = 35.
        Digestion late = Digest([9, 9, 9, 9, 9], OnePerSecond);
        Assert.Equal(10.0 / 35, late.Quality(slow), 12);
        // Read at 5 … 9: area 10. Due by 9 s: 7 + 5 + 3 + 1 = 16; version 2 takes off the second by which token 5 was early: 15.
        Digestion middle = Digest([5, 5, 5, 5, 5], OnePerSecond);
        Assert.Equal(10.0 / 16, middle.Quality(slow), 12);
        Assert.Equal(10.0 / 15, middle.Quality(slow, QoeFormula.V2), 12);
    }

    [Fact]
    public void QualityIsTheRatioOfTheIntegrals()
    {
        RandomStream random = RandomStream.Root(3);
        for (int round = 0; round < 60; round++)
        {
            ReadingExpectation expected = new(Duration.FromMilliseconds(100 * random.NextInt(20)), Duration.FromMilliseconds(50 + (10 * random.NextInt(40))));
            double[] deliveries = Deliveries(random, 1 + random.NextInt(40));
            double[] read = Read(deliveries, expected);
            double end = read[^1];
            double interval = expected.TokenInterval.Seconds;
            // Both curves step up by one at each time: the integral by the midpoint rule, exact as all times are whole milliseconds.
            const double cell = 0.001;
            long actual = 0;
            long due = 0;
            for (double t = cell / 2; t < end; t += cell)
            {
                actual += read.Count(time => time <= t);
                due += Math.Clamp((long)Math.Floor(((t - expected.Ttft.Seconds) / interval) + 1e-12), 0, deliveries.Length);
            }
            Digestion digestion = Digest(deliveries, expected);
            Assert.Equal(due == 0 ? 1 : Math.Min(1, (double)actual / due), digestion.Quality(expected), 1e-6);
            // Version 2 as it is written: 1 − Σ(d_i − u_i) / Σ(d_l − u_i).
            double[] dues = [.. read.Select((_, i) => expected.Ttft.Seconds + ((i + 1) * interval))];
            double whole = dues.Sum(u => end - u);
            double second = whole <= 1e-9 ? 1 : Math.Min(1, 1 - (read.Zip(dues, (d, u) => d - u).Sum() / whole));
            Assert.Equal(second, digestion.Quality(expected, QoeFormula.V2), 1e-6);
        }
    }

    [Fact]
    public void WhatWillBeReadHasAClosedForm()
    {
        RandomStream random = RandomStream.Root(4);
        for (int round = 0; round < 400; round++)
        {
            ReadingExpectation expected = new(Duration.FromMilliseconds(100 * random.NextInt(20)), Duration.FromMilliseconds(20 + (10 * random.NextInt(40))));
            double[] past = Deliveries(random, random.NextInt(30));
            double now = past.Length == 0 ? random.NextInt(3000) / 1000.0 : past[^1] + (random.NextInt(2) * random.NextInt(2000) / 1000.0);
            double horizon = now + (random.NextInt(8000) / 1000.0);
            double first = now + (random.NextInt(1500) / 1000.0);
            double spacing = (1 + random.NextInt(600)) / 1000.0;
            List<double> future = [];
            for (int i = 0; first + (i * spacing) < horizon + 1; i++) future.Add(first + (i * spacing));
            double waits = Area(Read(past, expected), horizon);
            double served = Area(Read([.. past, .. future], expected), horizon);
            Digestion digestion = Digest(past, expected);
            long interval = expected.TokenInterval.Nanoseconds;
            double closed = digestion.AreaBy(Nanoseconds(horizon), interval);
            Assert.Equal(waits, closed / 1e9, 1e-6);
            double more = digestion.AreaOfMore(Nanoseconds(horizon), interval, Nanoseconds(first), Nanoseconds(spacing));
            Assert.Equal(served, (closed + more) / 1e9, 1e-6);
            double due = 0;
            for (double at = expected.Ttft.Seconds + expected.TokenInterval.Seconds; at < horizon; at += expected.TokenInterval.Seconds) due += horizon - at;
            Assert.Equal(due, Digestion.AreaDue(expected, Nanoseconds(horizon)) / 1e9, 1e-6);
        }
    }

    [Fact]
    public void ReadersKeepTheirPaceAndItsMean()
    {
        RandomStream random = RandomStream.Root(5);
        QoeRule ages = new() { Readers = ReaderGroups.Ages };
        double[] speeds = [.. Enumerable.Range(0, 20_000).Select(i => 1 / ages.ReaderOf(i, random).TokenInterval.Seconds)];
        // The draw belongs to the request: nothing drawn in between matters.
        random.NextUInt64();
        Assert.Equal(speeds[17], 1 / ages.ReaderOf(17, random).TokenInterval.Seconds);
        // 207.52 words per minute on average: 236 of them are 5.459 tokens/s.
        Assert.Equal(4.8, speeds.Average(), 0.02);
        Assert.Equal(5, speeds.Select(speed => Math.Round(speed, 6)).Distinct().Count());
        Assert.Equal(4.8 * 236 / 207.519, speeds.Max(), 1e-6);
        Assert.Equal(0.28, speeds.Count(speed => speed > 5) / 20_000.0, 0.015);
        Assert.Equal(4.8, 1 / new QoeRule().ReaderOf(17, random).TokenInterval.Seconds, 1e-6);
    }

    private static long Nanoseconds(double seconds) => (long)Math.Round(seconds * 1e9);

    private static double[] Deliveries(RandomStream random, int count)
    {
        double[] times = new double[count];
        double now = random.NextInt(3000) / 1000.0;
        for (int i = 0; i < count; i++)
        {
            times[i] = now;
            now += random.NextInt(4) == 0 ? random.NextInt(2000) / 1000.0 : random.NextInt(60) / 1000.0;
        }
        return times;
    }

    private static double[] Read(double[] deliveries, ReadingExpectation expected)
    {
        double[] read = new double[deliveries.Length];
        for (int i = 0; i < read.Length; i++) read[i] = i == 0 ? deliveries[0] : Math.Max(deliveries[i], read[i - 1] + expected.TokenInterval.Seconds);
        return read;
    }

    private static double Area(double[] read, double horizon) => read.Sum(time => Math.Max(0, horizon - time));

    private static Digestion Digest(IEnumerable<double> seconds, ReadingExpectation expected)
    {
        Digestion digestion = default;
        digestion.Deliver([.. seconds.Select(Nanoseconds)], Instant.Zero, expected.TokenInterval);
        return digestion;
    }
}
