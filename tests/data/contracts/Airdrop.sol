// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

interface IDropToken {
    function mint(address to, uint256 amount) external;
    function totalSupply() external view returns (uint256);
}

/// @title Airdrop gives tokens to those in a Merkle tree, and some by chance.
/// @dev An example for tests; it has faults on purpose. Never deploy it.
contract Airdrop {
    bytes32 public merkleRoot;
    IDropToken public immutable dropToken;
    address public curator;
    uint256 public lotteryRound;
    uint256 public claimDeadline;
    address[] public participants;

    mapping(uint256 => uint256) private claimedBitMap;
    mapping(uint256 => address) public winners;
    mapping(address => uint256) public tickets;

    event Claimed(uint256 index, address account, uint256 amount);
    event WinnerDrawn(uint256 indexed round, address winner);
    event RootReplaced(bytes32 previous, bytes32 next);

    error AlreadyClaimed(uint256 index);
    error InvalidProof();
    error DeadlinePassed(uint256 deadline);

    modifier onlyCurator() {
        require(msg.sender == curator, "Airdrop: not curator");
        _;
    }

    constructor(IDropToken token, bytes32 root, uint256 deadline) {
        dropToken = token;
        merkleRoot = root;
        claimDeadline = deadline;
        curator = msg.sender;
    }

    function isClaimed(uint256 index) public view returns (bool) {
        uint256 wordIndex = index / 256;
        uint256 bitIndex = index % 256;
        uint256 word = claimedBitMap[wordIndex];
        uint256 mask = (1 << bitIndex);
        return word & mask == mask;
    }

    function _setClaimed(uint256 index) private {
        uint256 wordIndex = index / 256;
        uint256 bitIndex = index % 256;
        claimedBitMap[wordIndex] = claimedBitMap[wordIndex] | (1 << bitIndex);
    }

    function claim(
        uint256 index,
        address account,
        uint256 amount,
        bytes32[] calldata merkleProof
    ) external {
        if (block.timestamp > claimDeadline) revert DeadlinePassed(claimDeadline);
        if (isClaimed(index)) revert AlreadyClaimed(index);

        bytes32 node = keccak256(abi.encodePacked(index, account, amount));
        if (!_verify(merkleProof, merkleRoot, node)) revert InvalidProof();

        dropToken.mint(account, amount);
        _setClaimed(index);
        emit Claimed(index, account, amount);
    }

    function claimMany(
        uint256[] calldata indexes,
        uint256[] calldata amounts,
        bytes32[][] calldata proofs
    ) external {
        for (uint256 i = 0; i < indexes.length; i++) {
            if (isClaimed(indexes[i])) continue;
            bytes32 node = keccak256(abi.encodePacked(indexes[i], msg.sender, amounts[i]));
            if (!_verify(proofs[i], merkleRoot, node)) revert InvalidProof();
            _setClaimed(indexes[i]);
            dropToken.mint(msg.sender, amounts[i]);
            emit Claimed(indexes[i], msg.sender, amounts[i]);
        }
    }

    function _verify(
        bytes32[] calldata proof,
        bytes32 root,
        bytes32 leaf
    ) internal pure returns (bool) {
        bytes32 computed = leaf;
        for (uint256 i = 0; i < proof.length; i++) {
            bytes32 sibling = proof[i];
            if (computed <= sibling) {
                computed = keccak256(abi.encodePacked(computed, sibling));
            } else {
                computed = keccak256(abi.encodePacked(sibling, computed));
            }
        }
        return computed == root;
    }

    function buyTicket() external payable {
        require(msg.value == 0.01 ether, "Airdrop: wrong price");
        tickets[msg.sender] += 1;
        participants.push(msg.sender);
    }

    function drawWinner() external returns (address winner) {
        require(participants.length > 0, "Airdrop: nobody takes part");
        uint256 seed = uint256(
            keccak256(abi.encodePacked(block.timestamp, block.prevrandao, msg.sender))
        );
        winner = participants[seed % participants.length];
        winners[lotteryRound] = winner;
        lotteryRound += 1;
        delete participants;
        payable(winner).transfer(address(this).balance);
        emit WinnerDrawn(lotteryRound - 1, winner);
    }

    function replaceRoot(bytes32 next) external onlyCurator {
        emit RootReplaced(merkleRoot, next);
        merkleRoot = next;
    }

    function extendDeadline(uint256 deadline) external onlyCurator {
        require(deadline > claimDeadline, "Airdrop: not later");
        claimDeadline = deadline;
    }
}
