using Orrery.Kernel.Random;

namespace Orrery.Traffic.Generators.Arrivals;

/// <summary>One state of a modulated process.</summary>
/// <param name="Factor">Relative rate while in it; 0 = silent.</param>
/// <param name="MeanSeconds">Mean stay, exponential.</param>
public readonly record struct ModulatedState(double Factor, double MeanSeconds);

/// <summary>
/// Markov-modulated Poisson process: Poisson arrivals at the rate of the current state; from a state every other one follows with equal
/// probability.
/// Two states, one silent, make the on/off process.
/// </summary>
public sealed record MmppArrivals : IArrivalProcess
{
    private readonly ModulatedState[] _states;

    /// <param name="ratePerSecond">Long-run mean.</param>
    /// <param name="states">At least two; with equal probabilities to the others every state is visited equally often, so the share of
    /// time is proportional to the mean stay.</param>
    public MmppArrivals(double ratePerSecond, IReadOnlyList<ModulatedState> states)
    {
        double mean = states.Sum(s => s.Factor * s.MeanSeconds) / states.Sum(s => s.MeanSeconds);
        RatePerSecond = ratePerSecond;
        _states = [.. states.Select(s => s with { Factor = s.Factor / mean })];
    }

    public double RatePerSecond { get; init; }

    public IReadOnlyList<ModulatedState> States => _states;

    /// <summary>On/off: arrivals only while on.</summary>
    public static MmppArrivals OnOff(double ratePerSecond, double meanOnSeconds, double meanOffSeconds) =>
        new(ratePerSecond, [new ModulatedState(1, meanOnSeconds), new ModulatedState(0, meanOffSeconds)]);

    public IArrivalProcess AtRate(double ratePerSecond) => this with { RatePerSecond = ratePerSecond };

    public ArrivalClock Start(RandomStream random) => new Clock(this, random);

    private sealed class Clock : ArrivalClock
    {
        private readonly MmppArrivals _process;
        private readonly RandomStream _gaps;
        private readonly RandomStream _stays;
        private int _state;
        private double _stateEnd;
        private double _now;

        internal Clock(MmppArrivals process, RandomStream random)
        {
            _process = process;
            _gaps = random.Split("gaps");
            _stays = random.Split("stays");
            // Stationary start: a state with probability proportional to its stay; the remaining stay of an exponential is the same exponential.
            double pick = _stays.NextDouble() * process._states.Sum(s => s.MeanSeconds);
            while (_state < process._states.Length - 1
                && pick >= process._states[_state].MeanSeconds) pick -= process._states[_state++].MeanSeconds;
            _stateEnd = Stay();
        }

        public override double Next()
        {
            while (true)
            {
                double rate = _process.RatePerSecond * _process._states[_state].Factor;
                double next = rate > 0 ? _now - (Math.Log(_gaps.NextPositive()) / rate) : double.PositiveInfinity;
                if (next <= _stateEnd) return _now = next;
                _now = _stateEnd;
                int other = _stays.NextInt(_process._states.Length - 1);
                _state = other >= _state ? other + 1 : other;
                _stateEnd = _now + Stay();
            }
        }

        private double Stay() => -Math.Log(_stays.NextPositive()) * _process._states[_state].MeanSeconds;
    }
}
