using System.Security.Cryptography;
using System.Text;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Live.Settings;

namespace Orrery.Live.Hosting;

/// <summary>The API keys of a server, as hashes. A comparison takes the same time whatever is presented.</summary>
public sealed class KeyRing
{
    /// <summary>Shorter keys could be guessed (our choice, d).</summary>
    private const int LeastCharacters = 16;

    private const int MostCharacters = 512;

    private readonly List<(string Name, byte[] Hash)> _keys = [];

    /// <summary>Nobody needs a key.</summary>
    public bool IsEmpty => _keys.Count == 0;

    /// <summary>Reads the keys of file and environment. The usual variable is read where the settings name no source.</summary>
    /// <param name="settings">Where they are.</param>
    /// <param name="environment">The value of a variable, or null.</param>
    /// <exception cref="InputException">A file or variable that is missing or has no key, or a key that is too short. No message shows a key.</exception>
    public static KeyRing Read(KeySettings settings, Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(environment);
        KeyRing ring = new();
        if (settings.File is { } file)
        {
            ring.Add(InputFile.ReadAllText(file).Split('\n'), file);
            if (ring.IsEmpty) throw new InputException($"{file}: there is no API key in it; write one per line, as name:key or the key alone");
        }
        if (settings.Environment is { } variable)
        {
            string text = environment(variable) ?? throw new InputException($"the variable {variable} is not set; it is to hold the API keys");
            ring.Add(text.Split('\n', ','), variable);
            if (ring.IsEmpty) throw new InputException($"the variable {variable} holds no API key");
        }
        else if (settings.File is null && environment(KeySettings.UsualEnvironment) is { } usual)
        {
            ring.Add(usual.Split('\n', ','), KeySettings.UsualEnvironment);
        }
        return ring;
    }

    /// <summary>The name of the key that a header presents; null where it is none of them.</summary>
    /// <param name="authorization">Such as <c>Bearer KEY</c>.</param>
    public string? Find(string? authorization)
    {
        const string scheme = "Bearer ";
        if (authorization is null || !authorization.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)) return null;
        string presented = authorization[scheme.Length..].Trim();
        if (presented.Length > MostCharacters) return null;
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(presented));
        string? found = null;
        // Every key is looked at, so that the time tells nothing.
        foreach ((string name, byte[] known) in _keys)
            if (CryptographicOperations.FixedTimeEquals(hash, known)) found = name;
        return found;
    }

    private void Add(string[] lines, string source)
    {
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].Trim();
            if (line.Length == 0 || line[0] == '#') continue;
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            string name = colon > 0 ? line[..colon].Trim() : $"key-{_keys.Count + 1}";
            string key = colon > 0 ? line[(colon + 1)..].Trim() : line;
            if (key.Length is < LeastCharacters or > MostCharacters) throw new InputException($"{source}: the API key in line {i + 1} has {key.Length} characters; take {LeastCharacters} to {MostCharacters}");
            if (_keys.Any(known => known.Name == name)) throw new InputException($"{source}: two API keys are called '{name}'; give line {i + 1} another name");
            _keys.Add((name, SHA256.HashData(Encoding.UTF8.GetBytes(key))));
        }
    }
}
