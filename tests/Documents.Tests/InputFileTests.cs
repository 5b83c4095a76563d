namespace Orrery.Documents.Tests;

public sealed class InputFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Plain_and_gzip_read_the_same_whatever_the_name()
    {
        Assert.Equal("a: ü\n", InputFile.ReadAllText(_folder.Write("plain.gz", "a: ü\n")));
        Assert.Equal("a: ü\n", InputFile.ReadAllText(_folder.WriteGzip("packed.txt", "a: ü\n")));
        using StreamReader reader = InputFile.OpenText(_folder["packed.txt"]);
        Assert.Equal("a: ü", reader.ReadLine());
    }

    [Fact]
    public void Tiny_files_and_marks_are_no_obstacle()
    {
        Assert.Equal("", InputFile.ReadAllText(_folder.Write("empty", "")));
        File.WriteAllBytes(_folder["one"], [0x1f]);
        Assert.Equal("\u001f", InputFile.ReadAllText(_folder["one"]));
        File.WriteAllBytes(_folder["bom"], [0xEF, 0xBB, 0xBF, (byte)'x']);
        Assert.Equal("x", InputFile.ReadAllText(_folder["bom"]));
    }

    [Fact]
    public void Missing_files_name_their_neighbour()
    {
        _folder.Write("chat.yaml", "");
        Assert.Equal($"{_folder["chat.yml"]}: there is no such file; did you mean 'chat.yaml'?", Errors.Of(() => InputFile.Open(_folder["chat.yml"])));
        Assert.Equal($"{_folder["somethingelse"]}: there is no such file", Errors.Of(() => InputFile.Open(_folder["somethingelse"])));
        Assert.Equal($"{_folder["no/x"]}: there is no such file; its directory does not exist", Errors.Of(() => InputFile.Open(_folder["no/x"])));
    }

    [Fact]
    public void Directories_and_impossible_names()
    {
        Assert.Equal($"{_folder.Root}: this is a directory; name a file in it", Errors.Of(() => InputFile.Open(_folder.Root)));
        Assert.Equal("the file name is empty", Errors.Of(() => InputFile.Open("")));
        Assert.Equal("'a\0b' is no file name", Errors.Of(() => InputFile.Open("a\0b")));
    }

    [Fact]
    public void Bytes_that_are_no_text()
    {
        File.WriteAllBytes(_folder["latin"], [(byte)'a', 0xE4]);
        Assert.Equal($"{_folder["latin"]}: this is not UTF-8 text; save it as UTF-8 or name another file", Errors.Of(() => InputFile.ReadAllText(_folder["latin"])));
        File.WriteAllBytes(_folder["damaged"], [0x1f, 0x8b, 0xff, 0xff, 0xff]);
        Assert.Equal($"{_folder["damaged"]}: the gzip data is damaged; make the file again", Errors.Of(() => InputFile.ReadAllText(_folder["damaged"])));
    }

    [Fact]
    public void A_gzip_file_that_was_cut_short_is_no_shorter_file()
    {
        byte[] whole = File.ReadAllBytes(_folder.WriteGzip("whole", string.Concat(Enumerable.Range(0, 5000).Select(i => $"{i * 7919 % 10007}\n"))));
        File.WriteAllBytes(_folder["cut"], whole[..(whole.Length / 2)]);
        using StreamReader reader = InputFile.OpenText(_folder["cut"]);
        Assert.Equal($"{_folder["cut"]}: the gzip data ends too early, as if it was cut short; make or copy the file again", Errors.Of(() => reader.ReadToEnd()));
    }

    [Fact]
    public void Joined_gzip_members_are_one_text()
    {
        byte[] first = File.ReadAllBytes(_folder.WriteGzip("first", "first member, the longer one\n"));
        byte[] second = File.ReadAllBytes(_folder.WriteGzip("second", "second\n"));
        File.WriteAllBytes(_folder["joined"], [.. first, .. second]);
        Assert.Equal("first member, the longer one\nsecond\n", InputFile.ReadAllText(_folder["joined"]));
    }

    [Fact]
    public void Decompression_is_bounded()
    {
        _folder.WriteGzip("bomb.gz", new string(' ', InputFile.MaxTextBytes + 1));
        Assert.Equal($"{_folder["bomb.gz"]}: the text is longer than 64 MiB; is this the right file?", Errors.Of(() => InputFile.ReadAllText(_folder["bomb.gz"])));
    }

    [Fact]
    public void Unreadable_files()
    {
        string path = _folder.Write("secret", "x");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.None);
        Assert.SkipWhen(OperatingSystem.IsWindows() || Environment.UserName == "root", "permissions do not bind here");
        Assert.Equal($"{path}: no permission to read this file", Errors.Of(() => InputFile.Open(path)));
    }
}
